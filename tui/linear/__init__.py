"""The line-by-line session: the same engine without a screen, for screen readers and the like."""

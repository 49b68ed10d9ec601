"""Sessions in the console: several open at once, the list of all, going back in one."""

"""Programs that only read, as data and small rules; whatever is not here asks."""

"""What was spent: the screen on F4, its plots, its rows."""

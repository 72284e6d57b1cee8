"""Many machines at once, through Ray."""

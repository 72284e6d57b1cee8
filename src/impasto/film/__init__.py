"""Films: read, painted frame by frame, steady, written."""

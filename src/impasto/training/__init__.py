"""Training of the networks that paint in one pass."""

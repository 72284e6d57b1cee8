"""Files to tensors and back, and color."""

"""Files to tensors and back, and colour."""

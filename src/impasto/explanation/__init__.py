"""What the network sees: reconstructions, grids of weights, and features."""

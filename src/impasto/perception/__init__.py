"""What the network sees: VGG's shape, its weights, and features by name."""

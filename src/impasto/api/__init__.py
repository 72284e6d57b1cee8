"""The public face: paths, PIL images and arrays in, PIL images and files out."""

"""Networks that paint in one pass, and the files that hold them."""

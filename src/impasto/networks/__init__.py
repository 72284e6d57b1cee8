"""Networks that paint in one pass: their shape, their files, what runs them."""

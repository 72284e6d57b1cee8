"""Style transfer by optimization: the picture itself is what is trained."""

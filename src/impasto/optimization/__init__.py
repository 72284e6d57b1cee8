"""Style transfer by optimisation: the picture itself is what is trained."""

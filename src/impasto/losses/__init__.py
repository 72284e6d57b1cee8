"""How far a picture is from its content and its style."""

"""What a picture was worth: measured, compared, explained."""

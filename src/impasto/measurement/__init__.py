"""What a picture is worth: one yardstick for every method."""

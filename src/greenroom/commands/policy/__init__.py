"""What rule authors do."""

"""What a replay knows of values that became placeholders, and how it decides about them by today's rules."""

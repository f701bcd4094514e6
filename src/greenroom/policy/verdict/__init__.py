"""What a verdict is made of: rules ready to fire, bounds, autonomy, leave given before, and which is stricter."""

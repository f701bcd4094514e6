"""What changed since a tape was recorded, component by component, in words."""

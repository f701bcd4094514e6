"""Personas, models and policies set beside one another over the same inputs."""

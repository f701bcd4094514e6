"""Autonomy, stops and leave."""

"""The turn and its one door to the world."""

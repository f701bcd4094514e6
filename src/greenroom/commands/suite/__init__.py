"""Many fixtures at once: pytest over them, matrices, trends."""

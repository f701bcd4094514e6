"""Text on its way to the terminal: runs with a tone, wrapped to rows, and the last guard before it is painted."""

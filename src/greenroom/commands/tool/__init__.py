"""Tools listed and called by hand, and how arguments are written on a line."""

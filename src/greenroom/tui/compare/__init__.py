"""Sides beside one another: their heads, their turns laid out in columns, and the sheet of them."""

"""Everything a person can do on the screen: one table of it, its keys, and one method a deed."""

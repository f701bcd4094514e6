"""What a user can do, declared once in `table`; the handlers do the deed and return values, the faces present them."""

"""How people answer questions, and what their answers cover."""

"""What a model was given to read: its messages, what was edited in or left out, and where words came from."""

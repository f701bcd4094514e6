"""The full-screen workbench on Textual."""

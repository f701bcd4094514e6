"""Every file format, shown from the code."""

"""The conversation as one tall column: what was said as entries, drawn where it is looked at, and the composer."""

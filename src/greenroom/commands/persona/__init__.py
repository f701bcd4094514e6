"""Personas listed, checked, chosen and compared."""

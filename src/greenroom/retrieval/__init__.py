"""Passages for a turn: port, adapters, fusion, chunking, ingest."""

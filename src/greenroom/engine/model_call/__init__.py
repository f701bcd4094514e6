"""One call of the model: its prompt judged, its reply streamed and masked."""

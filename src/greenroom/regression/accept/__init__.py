"""Taking over what a run came to as the recording: kept runs, tapes told again, their diff."""

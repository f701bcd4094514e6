"""Sessions as tests: the tape (machine-owned), the case (human-owned), recording, matching, replay and its outcomes."""

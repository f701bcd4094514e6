"""From a session to a fixture: its records told as tape lines, redacted, with what is proposed to be expected."""

"""Other tools' conversations and tests as draft fixtures, and fixtures as theirs."""

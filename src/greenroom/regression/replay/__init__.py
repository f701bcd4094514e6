"""A fixture run again: the tape as the answers, what was added to prompts, and the first difference."""

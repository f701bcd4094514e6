"""Two or more runs of one situation set beside one another: what was said, done and decided, and what differs."""

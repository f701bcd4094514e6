"""What each turn came to, one fold for each pane: said, remembered, looked up, called, decided, spent, and how long."""

"""What each pane shows of one turn, as entries: pure functions of the folded views."""

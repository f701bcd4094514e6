"""What stands around the conversation: header, hints, colours, where the panes stand, and what is watched."""

"""What waits at a gate on the screen, what can be put in its place, and the breakpoints."""

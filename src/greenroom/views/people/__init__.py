"""What was asked of people: open and answered, passed up, left lying, granted for later, and how tired answers look."""

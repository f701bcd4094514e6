"""What a suite is worth: what governs a session is changed one thing at a time, and the fixtures say whether they notice."""

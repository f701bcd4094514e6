"""Looking at a session as it was: where one is, the way through its events, and the filter over them."""

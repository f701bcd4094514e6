"""The workspace's second chain: session heads, so that a cut log is noticed."""

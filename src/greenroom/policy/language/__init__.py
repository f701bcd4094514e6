"""The language of conditions: its words, what they mean, and the one engine that evaluates them."""

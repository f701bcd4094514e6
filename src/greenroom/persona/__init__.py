"""The contract: what a persona is, may do, may know, and how we tell that it works."""

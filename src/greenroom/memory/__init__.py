"""What is kept about people between turns: port, store adapter, proposal."""

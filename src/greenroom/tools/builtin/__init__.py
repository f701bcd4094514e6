"""Tools every workspace can allow: arithmetic, the time, and files inside the workspace."""

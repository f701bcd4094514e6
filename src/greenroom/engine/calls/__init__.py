"""The tool calls of a reply: judged, asked about, run, and how their results enter the log."""

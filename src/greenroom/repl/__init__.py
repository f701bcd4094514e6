"""The REPL: the same session as the workbench, line by line."""

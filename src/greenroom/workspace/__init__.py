"""A project on disk: layout, find, create, settings, trust."""

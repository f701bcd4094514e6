"""Language models behind one port: scripted and litellm."""

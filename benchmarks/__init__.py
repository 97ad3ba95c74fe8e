"""Speed and memory, measured; every module here is a command."""

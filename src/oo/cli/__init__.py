"""The shell: one command a verb. A command parses, calls one use case, and prints."""

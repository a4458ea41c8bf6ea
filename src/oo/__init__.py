"""One useful tip at a time, drawn from a person's own tasks and learned from how they react.

Importing this package imports nothing else; the rooms below it are imported by name.
"""

__version__ = "0.1.0"

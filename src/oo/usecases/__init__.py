"""What the system does: each file a verb, each use case reading from top to bottom."""

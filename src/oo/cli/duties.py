"""What one process at a time does, of all that use a store."""

PUBLISHING = "publish"
WATCHING = "watch"

"""What we know: features, declared once in `catalog.py`, and everything that follows from a declaration."""

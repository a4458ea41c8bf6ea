"""The vocabulary: frozen dataclasses and pure functions over the standard library and NumPy."""

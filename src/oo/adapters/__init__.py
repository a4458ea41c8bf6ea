"""The outside, one technology a file; only `compose.py` names these."""

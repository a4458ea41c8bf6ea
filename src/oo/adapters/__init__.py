"""The outside, one technology a file; only `compose` names these."""

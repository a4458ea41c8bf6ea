"""Work on many people at once, in batches: plain functions over an App."""

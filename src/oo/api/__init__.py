"""JSON over HTTP: the scorer and the recommender. No logic: each route is one use case and one document."""

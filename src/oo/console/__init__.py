"""HTML for operators, and the person's own page."""

"""HTML for operators, and the person's own page: complete without JavaScript, under a strict security policy."""

"""Is a policy any good? Personas to live with it, and what is learned from their days."""

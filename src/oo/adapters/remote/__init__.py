"""Shell commands that run through the service which holds their store, over a connection for its owner alone."""

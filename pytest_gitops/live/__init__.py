"""Real API servers and real Flux controllers to try a repository on: what only they can tell."""

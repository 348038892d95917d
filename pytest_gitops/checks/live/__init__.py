"""Rules that a real API server or real Flux controllers judge, where a run asks them to."""

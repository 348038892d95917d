"""What a change of the repository does to its clusters: two fleets compared, and what Flux makes of the difference."""

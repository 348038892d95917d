"""The graph rules, one module each."""

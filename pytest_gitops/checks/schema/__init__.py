"""The schema rules, one module each."""

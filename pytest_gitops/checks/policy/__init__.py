"""The policy rules, one module each."""

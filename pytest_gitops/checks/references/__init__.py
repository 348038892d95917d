"""The references rules, one module each."""

"""The pytest plugin: wires the core to pytest's hooks."""

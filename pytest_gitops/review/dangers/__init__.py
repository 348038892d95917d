"""The review rules, one module each: what Flux will do with a change, where that is dangerous."""

"""Use cases: one module per resource family."""

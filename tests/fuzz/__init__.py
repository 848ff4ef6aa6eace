"""A generated fuzz over every method, from the descriptors: ``python -m tests.fuzz --seconds N``."""

"""How we reach clusters: the Connect Gateway proxy."""

"""Objects in memory, and everything acknowledged on disk."""

"""What a signed statement claims, and whether it proves it."""

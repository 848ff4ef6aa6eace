"""Development-time programs: what they make is committed, and each has a check that makes it again and compares."""

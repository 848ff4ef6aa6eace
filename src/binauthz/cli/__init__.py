"""The command line: speaks HTTP to the server; signs and verifies offline."""

"""Records, transactions and the change revision; SQL lives here only."""

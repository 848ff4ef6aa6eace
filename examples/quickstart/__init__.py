"""The deploy page with enforcement, unattended, with an account of what happened."""

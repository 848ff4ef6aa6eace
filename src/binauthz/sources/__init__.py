"""Fetch the evidence that policy asks for, under one deadline."""

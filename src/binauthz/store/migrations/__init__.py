"""Migrations, applied in order when a store opens; a released one is never edited."""

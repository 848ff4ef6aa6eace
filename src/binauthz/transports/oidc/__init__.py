"""Callers that somebody else vouches for: JWTs of issuers that the operator configured (OpenID Connect, D10)."""

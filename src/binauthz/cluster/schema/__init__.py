"""Kubernetes' own types, read from its published OpenAPI definitions."""

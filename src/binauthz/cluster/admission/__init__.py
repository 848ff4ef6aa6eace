"""Validating admission webhooks, called as kube-apiserver calls them."""

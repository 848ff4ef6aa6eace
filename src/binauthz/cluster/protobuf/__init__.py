"""Kubernetes objects in protobuf, as newer kubectl sends them, read without any protobuf library."""

"""Stands between the unmodified clients and the server: notes what was called, and judges every answer's shape.

A forwarding proxy for HTTP and one for gRPC, so that the suite sees the same of a server in this process and of one
that an operator points it at.
"""

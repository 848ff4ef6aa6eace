"""The REST and gRPC doors, rendered from one method table."""

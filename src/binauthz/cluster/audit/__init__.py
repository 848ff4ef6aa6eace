"""The Kubernetes audit stream: one event for every write, kept on disk until the backend has it."""

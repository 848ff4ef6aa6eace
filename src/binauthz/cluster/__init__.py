"""The embedded Kubernetes API for one machine. It knows nothing of policy."""

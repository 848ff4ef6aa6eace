"""The composition root: files, certificates, ports, and the processes they make."""

"""The HTTPS door: routes, discovery, tables, watches."""

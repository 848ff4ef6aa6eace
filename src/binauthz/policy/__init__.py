"""Pure policy: rules, scopes, needs, decisions and their enforcement."""

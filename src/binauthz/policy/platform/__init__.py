"""Platform policies: check sets for continuous validation (SPEC 6). They never affect admission."""

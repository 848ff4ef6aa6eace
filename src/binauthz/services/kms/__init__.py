"""Cloud KMS: key rings, signing keys and their versions, and signatures by digest (SPEC 3.6, 7)."""

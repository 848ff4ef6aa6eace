"""Keys and signatures: bytes in, a proof or an exception out."""

"""The two filter languages: grammars beside the rules they follow, compiled to expressions and never to strings."""

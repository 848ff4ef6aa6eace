"""What the generators of documentation pages share: write the page, or say whether the committed one is current."""

import argparse
import sys
from pathlib import Path


def make_or_check(output: Path, page: str, generator: str, description: str | None) -> int:
    """Write ``page`` to ``output``; with ``--check`` compare instead, and return 1 where they differ."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the committed file")
    if not parser.parse_args().check:
        output.write_text(page)
    elif not output.exists() or output.read_text() != page:
        print(f"{output.name} is stale: run python -m {generator}", file=sys.stderr)
        return 1
    return 0

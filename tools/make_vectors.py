"""Makes ``tests/vectors``: one folder per case, its name its verdict, its README its reason.

    python -m tools.make_vectors            writes the cases anew from the fixed keys in tests/vectors/keys
    python -m tools.make_vectors --check    makes them beside and fails if they differ from what is committed
    python -m tools.make_vectors --keys     makes new keys first (never needed; changes every case)

Nothing of our own code signs here: ECDSA is deterministic (RFC 6979), RSASSA-PSS is written out with a fixed salt
(RFC 8017 9.1.1), tokens are put together by hand, and OpenPGP comes from GnuPG with a fixed clock. So the same keys
make the same bytes, and the cases are evidence from elsewhere.
"""

import argparse
import filecmp
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tools.vector_cases import Cases
from tools.vector_keys import ROOT, make_keys
from tools.vector_pgp_cases import pgp_cases
from tools.vector_pkix_cases import pkix_cases
from tools.vector_token_cases import token_cases


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", action="store_true")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    if arguments.keys:
        make_keys()
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "cases"
        cases = Cases(made)
        families: tuple[Callable[[Cases], None], ...] = (pkix_cases, token_cases, pgp_cases)
        for family in families:
            family(cases)
        committed = ROOT / "cases"
        if arguments.check:
            return compare(made, committed)
        shutil.rmtree(committed, ignore_errors=True)
        shutil.copytree(made, committed)
    print(f"{len(cases.names)} cases")
    return 0


def compare(made: Path, committed: Path) -> int:
    """Every file, both ways."""
    here = {path.relative_to(committed) for path in committed.rglob("*") if path.is_file()}
    anew = {path.relative_to(made) for path in made.rglob("*") if path.is_file()}
    wrong = sorted(here ^ anew) + [
        path for path in sorted(here & anew) if not filecmp.cmp(made / path, committed / path, shallow=False)
    ]
    for path in wrong:
        print(f"differs: {path}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

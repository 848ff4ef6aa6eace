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
import itertools
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

# What needs GnuPG, and begins with its name, is apart from what needs nothing but Python.
FAMILIES: dict[str, tuple[Callable[[Cases], None], ...]] = {"plain": (pkix_cases, token_cases), "pgp": (pgp_cases,)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", action="store_true")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    if arguments.keys:
        make_keys()
    if arguments.check:
        wrong = [name for family in FAMILIES for name in stale(family)]
        for name in wrong:
            print(f"differs: {name}", file=sys.stderr)
        return 1 if wrong else 0
    shutil.rmtree(ROOT / "cases", ignore_errors=True)
    cases = Cases(ROOT / "cases")
    for make in itertools.chain(*FAMILIES.values()):
        make(cases)
    print(f"{len(cases.names)} cases")
    return 0


def stale(family: str) -> list[str]:
    """The files of one family that are not as its generator makes them now: missing, different or left over."""
    committed = ROOT / "cases"
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch)
        cases = Cases(made)
        for make in FAMILIES[family]:
            make(cases)
        anew = {path.relative_to(made) for path in made.rglob("*") if path.is_file()}
        here = {path.relative_to(committed) for path in committed.rglob("*") if path.is_file()}
        here = {path for path in here if path.parts[0].startswith("pgp-") == (family == "pgp")}
        wrong = (here ^ anew) | {
            path for path in here & anew if not filecmp.cmp(made / path, committed / path, shallow=False)
        }
    return sorted(map(str, wrong))


if __name__ == "__main__":
    sys.exit(main())

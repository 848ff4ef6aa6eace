"""``make bench``: every benchmark in turn, each in a process of its own, so that none warms another's caches."""

import subprocess
import sys
from pathlib import Path

SUITES = ("verification", "engine", "reviews", "store", "search", "api", "cluster", "startup")


def main() -> int:
    """Run the suites named on the command line, or all; 1 when one of them fails."""
    arguments = [argument for argument in sys.argv[1:] if argument.startswith("-")]
    chosen = [argument for argument in sys.argv[1:] if not argument.startswith("-")] or SUITES
    failed = []
    for suite in chosen:
        print(f"== {suite}", flush=True)
        done = subprocess.run(
            [sys.executable, "-m", f"bench.{suite}", *arguments], cwd=Path(__file__).parents[1], check=False
        )
        if done.returncode:
            failed.append(suite)
    for suite in failed:
        print(f"the {suite} benchmark failed", file=sys.stderr)
    return 1 if failed else 0


sys.exit(main())

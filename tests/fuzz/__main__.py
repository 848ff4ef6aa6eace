"""Fuzz a fresh server for a given time, and print what it should not have answered.

python -m tests.fuzz --seconds 600 [--seed N] [--store URL]
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from binauthz.transports.methods import METHODS
from binauthz.wire import descriptors
from tests.conformance.server import running
from tests.conformance.witness.schemas import Schemas
from tests.fuzz.attack import Attacker


def main() -> int:
    """Run, report, and fail if anything was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--within", type=float, default=5, help="seconds that one request may take")
    parser.add_argument("--store", default="", help="a database URL; a new SQLite file unless given")
    parser.add_argument("--only", default="", help="only methods whose full name holds this")
    arguments = parser.parse_args()
    methods = [descriptors.methods()[row.full_name] for row in METHODS if arguments.only in row.full_name]
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder), store=arguments.store) as target,
        Attacker(target, methods, arguments.seed, schemas=Schemas(), within=arguments.within) as attacker,
    ):
        give_up = time.monotonic() + arguments.seconds
        while time.monotonic() < give_up:
            attacker.step()
    findings = attacker.findings
    for fault in findings.faults[:100]:
        print(f"--- {fault}\n")
    print(f"seed {arguments.seed}: {findings.sent} requests, {len(findings.faults)} faults")
    print(", ".join(f"{answer}: {count}" for answer, count in findings.answers.most_common()))
    print(f"{len(findings.served)} of {len(methods)} methods answered OK at least once")
    print(f"slowest: {findings.slowest[0]:.2f} s: {findings.slowest[1]}")
    return 1 if findings.faults else 0


if __name__ == "__main__":
    sys.exit(main())

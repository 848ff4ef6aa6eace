"""``python -m binauthz.cluster --config FILE.json``."""

import argparse
import sys
from pathlib import Path

import msgspec

from binauthz.cluster import config, process


def main() -> int:
    """Run the cluster; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m binauthz.cluster", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="the JSON configuration file")
    path = parser.parse_args().config
    try:
        settings = config.read(path)
    except (OSError, msgspec.MsgspecError) as error:
        print(f"binauthz.cluster: cannot read `{path}`: {error}", file=sys.stderr)  # noqa: T201 - it is a program.
        return 1
    return process.run(settings)


if __name__ == "__main__":
    sys.exit(main())

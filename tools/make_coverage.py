"""Make ``docs/coverage.md``: every method of every API that we describe, its routes, and whether it is served.

    python -m tools.make_coverage [--check]

The methods come from the descriptor set, the served ones from the method table; nothing here is typed by hand.
"""

import argparse
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from binauthz.transports.methods import METHODS
from binauthz.transports.routes import bindings
from binauthz.wire import descriptors

OUTPUT = Path(__file__).parent.parent / "docs" / "coverage.md"
_INTRODUCTION = """\
# Coverage

Generated from the method table by `python -m tools.make_coverage`; do not edit. A method that is not served answers
`UNIMPLEMENTED` (HTTP 501) on REST and on gRPC. Streaming methods are served on neither door.

Every route is served on one origin. Two families of routes share paths with others on the public hosts, and are told
apart here: operations of location `global` are Fleet's (google.longrunning), those of every other location are
Container's; a project's own IAM policy is Resource Manager's, that of a resource below it is its API's.
"""


def page(served: Collection[str]) -> str:
    """The whole page, for the full names of the served methods."""
    services = descriptors.services()
    every = [method for service in services for method in service.methods]
    total = sum(method.full_name in served for method in every)
    lines = [_INTRODUCTION, f"Served: {total} of {len(every)} methods.", ""]
    lines += ["| service | served |", "| --- | --- |"]
    for service in services:
        count = sum(method.full_name in served for method in service.methods)
        lines.append(f"| [{service.full_name}](#{_anchor(service)}) | {count} of {len(service.methods)} |")
    for service in services:
        host = descriptors.default_host(service)
        lines += [
            "",
            f"## {service.full_name}",
            "",
            f"Public host: `{host}`" if host else "Shared by several hosts.",
            "",
        ]
        lines += ["| method | REST | state |", "| --- | --- | --- |"]
        lines += [row for method in service.methods for row in _rows(method, served)]
    return "\n".join(lines) + "\n"


def _anchor(service: ServiceDescriptor) -> str:
    return str(service.full_name).lower().replace(".", "")


def _rows(method: MethodDescriptor, served: Collection[str]) -> Iterator[str]:
    state = "served" if method.full_name in served else "UNIMPLEMENTED"
    routes = "<br>".join(f"`{verb} {template}`" for verb, template, _ in bindings(method))
    yield f"| {method.name} | {routes or 'gRPC only'} | {state} |"


def main() -> int:
    """Make or check the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the committed file")
    made = page({row.full_name for row in METHODS})
    if parser.parse_args().check:
        if not OUTPUT.exists() or OUTPUT.read_text() != made:
            print(f"{OUTPUT.name} is not what the table makes: run python -m tools.make_coverage", file=sys.stderr)
            return 1
        return 0
    OUTPUT.write_text(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())

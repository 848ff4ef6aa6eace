"""Make ``docs/coverage.md``: every method of every API that we describe, its routes, and whether it is served.

    python -m tools.make_coverage [--check]

The methods come from the descriptor set, the served ones from the method table, and the tests that show them from the
conformance suite's own claims; nothing here is typed by hand.
"""

import sys
from collections.abc import Collection, Iterable
from pathlib import Path

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from binauthz.transports.methods import METHODS
from binauthz.transports.routes import bindings
from binauthz.wire import descriptors
from tools.coverage_claims import Claim, claims
from tools.generated_page import make_or_check

OUTPUT = Path(__file__).parent.parent / "docs" / "coverage.md"
_TESTS = 2
_INTRODUCTION = """\
# Coverage

Generated from the method table by `python -m tools.make_coverage`; do not edit. A method that is not served answers
`UNIMPLEMENTED` (HTTP 501) on REST and on gRPC. Streaming methods are served on neither door.

A served method is shown by a conformance test in which an unmodified client (gcloud, Google's generated libraries, or
google-api-python-client; curl where none of them has the method) calls it and is answered. The test itself fails when
the server did not answer the method it claims (`tests/conformance/README.md`).

Every route is served on one origin. Two families of routes share paths with others on the public hosts, and are told
apart here: operations of location `global` are Fleet's (google.longrunning), those of every other location are
Container's; a project's own IAM policy is Resource Manager's, that of a resource below it is its API's.
"""


def page(served: Collection[str], shown: Iterable[Claim]) -> str:
    """The whole page, for the full names of the served methods and the tests that show them."""
    services = descriptors.services()
    every = [method for service in services for method in service.methods]
    total = sum(method.full_name in served for method in every)
    tests: dict[str, list[Claim]] = {}
    for claim in shown:
        tests.setdefault(claim.method, []).append(claim)
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
        lines += [_row(method, served, tests.get(method.full_name, [])) for method in service.methods]
    return "\n".join(lines) + "\n"


def _anchor(service: ServiceDescriptor) -> str:
    return str(service.full_name).lower().replace(".", "")


def _row(method: MethodDescriptor, served: Collection[str], shown: list[Claim]) -> str:
    routes = "<br>".join(f"`{verb} {template}`" for verb, template, _ in bindings(method))
    return f"| {method.name} | {routes or 'gRPC only'} | {_state(method, served, shown)} |"


def _state(method: MethodDescriptor, served: Collection[str], shown: list[Claim]) -> str:
    if method.full_name not in served:
        return "UNIMPLEMENTED"
    if not shown:
        return "served, not shown by a test"
    by_client = [claim for claim in shown if not claim.curl] or shown
    texts = [
        f"[{claim.test.removeprefix('test_')}](../tests/conformance/{claim.file}){' with curl' * claim.curl}"
        for claim in by_client[:_TESTS]
    ]
    return f"served, shown by {', '.join(texts)}"


if __name__ == "__main__":
    sys.exit(make_or_check(OUTPUT, page({row.full_name for row in METHODS}, claims()), "tools.make_coverage", __doc__))

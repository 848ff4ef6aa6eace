"""Which conformance test claims to show which method: read from the tests' decorators, without running them.

A claim is ``@pytest.mark.shows(SERVICE, "Method", ...)``, on a test or on one of its parameters. Whether it is true is
decided when the test runs: the suite compares it with what the server really answered (tests/conformance/conftest.py).
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SUITE = Path(__file__).parent.parent / "tests" / "conformance"
_SERVICES = SUITE / "services.py"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Claim:
    """A test that says that it shows a method; ``curl`` where no client of Google's sends the request."""

    method: str
    curl: bool
    file: str
    test: str


class MalformedClaim(ValueError):  # noqa: N818 - reads as what happened
    """A claim that cannot be read without running the test."""


def claims(suite: Path = SUITE) -> list[Claim]:
    """Every claim of the suite, sorted."""
    shared = _constants(ast.parse(_SERVICES.read_text()), {})
    found: set[Claim] = set()
    for path in sorted(suite.rglob("test_*.py")):
        tree = ast.parse(path.read_text())
        names = _constants(tree, shared)
        for test in ast.walk(tree):
            if isinstance(test, ast.FunctionDef | ast.AsyncFunctionDef):
                found.update(_of_test(test, path.relative_to(suite).as_posix(), names))
    return sorted(found)


def _of_test(test: ast.FunctionDef | ast.AsyncFunctionDef, file: str, names: dict[str, str]) -> Iterator[Claim]:
    for decorator in test.decorator_list:
        for call in ast.walk(decorator):
            if not (isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.shows"):
                continue
            texts = [_text(argument, names) for argument in call.args]
            if len(texts) < 2 or None in texts:
                raise MalformedClaim(f"{file}:{call.lineno}: expected a service and methods as strings")
            curl = any(keyword.arg == "client" for keyword in call.keywords)
            for method in texts[1:]:
                yield Claim(method=f"{texts[0]}.{method}", curl=curl, file=file, test=test.name)


def _constants(tree: ast.Module, known: dict[str, str]) -> dict[str, str]:
    """The strings that a module's names stand for."""
    found = dict(known)
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target, value = statement.targets[0], _text(statement.value, found)
            if isinstance(target, ast.Name) and value is not None:
                found[target.id] = value
    return found


def _text(node: ast.expr, names: dict[str, str]) -> str | None:
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.Name(id=name):
            return names.get(name)
    return None

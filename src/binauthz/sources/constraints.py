"""Custom constraints on provenance: expressions of CEL, evaluated in a process of their own within bounds.

What cannot be evaluated is said to be so, and never false or true: without the ``cel`` extra, over the bounds, or by
an error in the expression.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from binauthz.policy.platform.evidence import Constrained, Provenance, Unread

MAX_ASKED = 1000
MAX_PAYLOAD_BYTES = 256 * 1024
MAX_REQUEST_BYTES = 4 * 1024 * 1024
TIMEOUT_SECONDS = 10.0
MISSING: Final = Unread("cannot be evaluated: the server lacks the optional extra `cel` (pip install 'binauthz[cel]')")
_TOO_MANY: Final = Unread("cannot be evaluated: there is more provenance than one evaluation may look at")
_TOO_MUCH: Final = Unread("cannot be evaluated within the bounds of time and memory")
_WORKER = Path(__file__).with_name("cel_worker.py")
# One of these may use a whole core; the server has others to serve.
_RUNNING = threading.BoundedSemaphore(2)


def available() -> bool:
    """Whether the extra is installed."""
    return find_spec("cel_expr_python") is not None


def problems(expressions: Sequence[str]) -> Sequence[str | None]:
    """What is wrong with each expression, for its author; None where nothing, or where the extra is missing."""
    if not expressions or not available():
        return [None] * len(expressions)
    answer = _run({"expressions": list(expressions), "payloads": [], "asked": []})
    if answer is None:
        return ["cannot be compiled within the bounds of time and memory"] * len(expressions)
    return list(answer["problems"])


def evaluate(asked: Mapping[Constrained, Provenance]) -> Mapping[Constrained, bool | Unread]:
    """Whether each provenance satisfies each expression that is asked about it. Blocks: call on a thread."""
    if not asked:
        return {}
    if not available():
        return dict.fromkeys(asked, MISSING)
    found: dict[Constrained, bool | Unread] = {}
    sent: list[Constrained] = []
    expressions: dict[str, int] = {}
    payloads: dict[str, tuple[int, Any]] = {}
    size = 0
    for pair, provenance in asked.items():
        expression, name = pair
        if name not in payloads:
            size += len(provenance.payload)
        if len(provenance.payload) > MAX_PAYLOAD_BYTES:
            found[pair] = _TOO_MUCH
        elif len(sent) == MAX_ASKED or size > MAX_REQUEST_BYTES:
            found[pair] = _TOO_MANY
        else:
            expressions.setdefault(expression, len(expressions))
            payloads.setdefault(name, (len(payloads), json.loads(provenance.payload)))
            sent.append(pair)
    answer = _run(
        {
            "expressions": list(expressions),
            "payloads": [payload for _, payload in payloads.values()],
            "asked": [[expressions[expression], payloads[name][0]] for expression, name in sent],
        }
    )
    answers = [_TOO_MUCH] * len(sent) if answer is None else [*map(_answer, answer["answers"])]
    return found | dict(zip(sent, answers, strict=True))


def _answer(given: bool | str) -> bool | Unread:
    return given if isinstance(given, bool) else Unread(f"cannot be evaluated: {given}")


def _run(request: Mapping[str, Any]) -> dict[str, Any] | None:
    """The worker's answer, or None when it went beyond its bounds."""
    with _RUNNING:
        try:
            done = subprocess.run(  # noqa: S603 - our own file, run by this interpreter
                [sys.executable, "-I", str(_WORKER)],
                input=json.dumps(request).encode(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=TIMEOUT_SECONDS,
                check=True,
                env={},
            )
            answer: dict[str, Any] = json.loads(done.stdout)
        except (subprocess.SubprocessError, OSError, ValueError):
            return None
        return answer

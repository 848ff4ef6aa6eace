"""Custom constraints on provenance: expressions of CEL, evaluated in a process of their own within bounds.

What cannot be evaluated is said to be so, and never false or true: without the ``cel`` extra, over the bounds, or by
an error in the expression.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, TypeVar

from binauthz.policy.platform.evidence import Constrained, Provenance, Unread

T = TypeVar("T")

MAX_ASKED = 1000
MAX_PAYLOAD_BYTES = 256 * 1024
MAX_REQUEST_BYTES = 4 * 1024 * 1024
TIMEOUT_SECONDS = 10.0
PATIENCE_SECONDS = 30.0
MISSING: Final = Unread("cannot be evaluated: the server lacks the optional extra `cel` (pip install 'binauthz[cel]')")
_TOO_MANY: Final = Unread("cannot be evaluated: there is more provenance than one evaluation may look at")
_TOO_MUCH: Final = Unread("cannot be evaluated within the bounds of time and memory")
_WORKER = Path(__file__).with_name("cel_worker.py")
_BUSY: Final = Unread("cannot be evaluated: the server is busy with other constraints")
# One of these may use a whole core, so there are two at a time; on threads of their own, because whoever writes slow
# expressions shall wait for each other and keep nobody else's work off the common threads.
_THREADS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="constraints")


def available() -> bool:
    """Whether the extra is installed."""
    return find_spec("cel_expr_python") is not None


async def problems(expressions: Sequence[str]) -> Sequence[str | None]:
    """What is wrong with each expression, for its author; None where nothing, or where the extra is missing."""
    if not expressions or not available():
        return [None] * len(expressions)
    answer = await _off_the_loop(lambda: _run({"expressions": list(expressions), "payloads": [], "asked": []}), None)
    if answer is None:
        return ["cannot be compiled within the bounds of time and memory"] * len(expressions)
    return list(answer["problems"])


async def evaluate(asked: Mapping[Constrained, Provenance]) -> Mapping[Constrained, bool | Unread]:
    """Whether each provenance satisfies each expression that is asked about it."""
    if not asked:
        return {}
    if not available():
        return dict.fromkeys(asked, MISSING)
    return await _off_the_loop(lambda: _evaluate(asked), dict.fromkeys(asked, _BUSY))


async def _off_the_loop(work: Callable[[], T], otherwise: T) -> T:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await asyncio.wrap_future(_THREADS.submit(work))
    except TimeoutError:
        return otherwise


def _evaluate(asked: Mapping[Constrained, Provenance]) -> Mapping[Constrained, bool | Unread]:
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

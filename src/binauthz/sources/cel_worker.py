"""A process of its own that evaluates CEL: run as a file, with one request on standard input, one answer on output.

The kernel bounds its memory and time, because the language bounds neither: nested macros can double a string at every
level. It imports nothing of the project, and the ``cel`` extra only here.

    request  {"expressions": [text], "payloads": [JSON], "asked": [[expression, payload]]}, by position
    answer   {"problems": [text or null], "answers": [true, false or text]}
"""

import json
import resource
import sys
from typing import Any

MEMORY_BYTES = 1 << 30
CPU_SECONDS = 4
VARIABLES = ("payload", "predicate")
_SHOWN = 400


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Compile every expression, and evaluate those that are asked."""
    from cel_expr_python import cel  # type: ignore[import-untyped] # noqa: PLC0415 - the extra, and only here

    environment = cel.NewEnv(variables=dict.fromkeys(VARIABLES, cel.Type.DYN))
    compiled: list[Any] = []
    problems: list[str | None] = []
    for text in request["expressions"]:
        expression, problem = None, None
        try:
            expression = environment.compile(text)
            kind = expression.return_type().name()
            if kind not in {"BOOL", "DYN"}:
                problem = f"gives {kind}, expected BOOL"
        except (RuntimeError, ValueError, TypeError, MemoryError) as error:
            problem = _shown(error)
        compiled.append(expression)
        problems.append(problem)
    answers = [
        problems[number] or _evaluate(compiled[number], request["payloads"][payload])
        for number, payload in request["asked"]
    ]
    return {"problems": problems, "answers": answers}


def _evaluate(expression: Any, payload: Any) -> bool | str:
    try:
        result = expression.eval(data={"payload": payload, "predicate": payload.get("predicate", {})})
        value = result.value()
    except (RuntimeError, ValueError, TypeError, MemoryError) as error:
        return _shown(error)
    return value if isinstance(value, bool) else f"gave {_shown(value)}"


def _shown(value: object) -> str:
    return str(value)[:_SHOWN].splitlines()[0] if str(value) else type(value).__name__


def main() -> None:
    """Answer one request."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    json.dump(answer(json.load(sys.stdin)), sys.stdout)


if __name__ == "__main__":
    main()

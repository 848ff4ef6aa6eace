"""What gcloud printed, kept as files: ``golden/<track>/<command>.txt``, with only the volatile parts masked.

A difference fails. ``BINAUTHZ_REWRITE_GOLDEN=1`` writes the files anew instead, for a reviewer to judge in the diff.
"""

import difflib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.gcloud import Gcloud, Ran

FOLDER = Path(__file__).parent / "golden"
REWRITE = os.environ.get("BINAUTHZ_REWRITE_GOLDEN") == "1"
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_MASKS = [
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:PORT"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.\d{6}(?=Z|\+00:00)"), "MICROSECONDS"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.\d{3}(?=Z|\+00:00)"), "MILLISECONDS"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(?=Z|\+00:00)"), "TIME"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?"), "TIME"),
    (re.compile(_UUID), "UUID"),
    (re.compile(r"(etag: )'\"[\w+/=-]{12}\"'"), r"""\1'"ETAG"'"""),
    (re.compile(r"(etag: )(?!ACAB\b)[\w+/=-]+$", re.MULTILINE), r"\1ETAG"),
    (re.compile(r"operation-[0-9a-f-]+"), "operation-ID"),
    (re.compile(r"operations/[\w.-]+(?=\W)"), "operations/ID"),
]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One command of a session: the name of its file, and the exit code that it has to have."""

    name: str
    arguments: tuple[str, ...]
    code: int = 0
    mask: str = ""
    """A pattern of what else changes from run to run, such as a signature or a fresh public key."""


def play(gcloud: Gcloud, track: str, steps: list[Step]) -> list[str]:
    """Run a session in one track; what differs from the files, as unified diffs."""
    release = () if track == "ga" else (track,)
    found: list[str] = []
    for step in steps:
        arguments = (*release, *step.arguments)
        found += _compared(FOLDER / track / f"{step.name}.txt", _written(arguments, gcloud, step))
    return found


def _written(arguments: tuple[str, ...], gcloud: Gcloud, step: Step) -> str:
    ran = gcloud(*arguments)
    assert ran.code == step.code, f"gcloud {' '.join(arguments)} exited {ran.code}\n{ran.out}\n{ran.err}"
    return transcript(arguments, ran, gcloud.home, step.mask)


def transcript(arguments: tuple[str, ...], ran: Ran, home: Path, mask: str = "") -> str:
    """A command and what it left behind, as a file keeps it."""
    command = " ".join(f"'{each}'" if re.search(r"[\s\"&|;<>()$]", each) else each for each in arguments)
    text = f"$ gcloud {command}\nexit {ran.code}\n--- stdout\n{_lines(ran.out)}--- stderr\n{_lines(ran.err)}"
    text = text.replace(str(home), "HOME")
    if mask:
        text = re.sub(mask, "MASKED", text)
    for pattern, word in _MASKS:
        text = pattern.sub(word, text)
    return text


def _lines(text: str) -> str:
    """Text that ends with a newline; one that lacks it is said to."""
    return text if not text or text.endswith("\n") else f"{text}\n(no newline at the end)\n"


def _compared(path: Path, made: str) -> list[str]:
    if REWRITE:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made)
        return []
    kept = path.read_text() if path.exists() else ""
    if kept == made:
        return []
    name = path.relative_to(FOLDER).as_posix()
    lines = difflib.unified_diff(kept.splitlines(), made.splitlines(), f"kept {name}", f"made {name}", lineterm="")
    return ["\n".join(lines)]

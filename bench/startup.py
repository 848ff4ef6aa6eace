"""From nothing to ready: `binauthz up` in an empty directory, again in a full one, and the command line alone.

Budgets: ready in less than 3 s, the command line in less than 150 ms. The interpreter's own start stands beside them.
"""

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

from bench.measure import Sample, report, summarise


def start(arguments: list[str], runs: int, name: str) -> Sample:
    """Whole processes, from spawn to exit."""
    took = []
    for _ in range(runs):
        before = time.perf_counter_ns()
        subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
        took.append(time.perf_counter_ns() - before)
    return summarise(name, took, seconds=sum(took) / 1e9, cpu_seconds=0.0)


def until_ready(directory: Path, runs: int, name: str, *, fresh: bool) -> Sample:
    """From spawn to the line `ready`, then a clean stop."""
    took = []
    for run in range(runs):
        place = directory / (f"fresh-{run}" if fresh else "kept")
        before = time.perf_counter_ns()
        process = subprocess.Popen(
            [sys.executable, "-m", "binauthz", "up", "--dir", str(place), "--port", "0"],
            stdout=subprocess.PIPE,
            text=True,
        )
        line = process.stdout.readline() if process.stdout else ""
        took.append(time.perf_counter_ns() - before)
        process.send_signal(signal.SIGTERM)
        if process.wait(30) or not line.startswith("ready "):
            raise SystemExit(f"up printed {line!r} and ended with {process.returncode}")
    return summarise(name, took, seconds=sum(took) / 1e9, cpu_seconds=0.0)


@click.command()
@click.option("--runs", default=5, show_default=True)
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text")
def main(runs: int, style: str) -> None:
    """Print how long it takes to start."""
    with tempfile.TemporaryDirectory() as scratch:
        samples = [
            start(["-c", "pass"], runs, "python -c pass"),
            start(["-m", "binauthz", "--version"], runs, "binauthz --version"),
            start(["-m", "binauthz", "logs", "read", "--help"], runs, "binauthz logs read --help"),
            start(["-m", "binauthz", "policy", "--help"], runs, "binauthz policy --help"),
            until_ready(Path(scratch), runs, "up to ready, fresh directory", fresh=True),
            until_ready(Path(scratch), runs, "up to ready, kept directory", fresh=False),
        ]
    report(samples, format=style)


if __name__ == "__main__":
    main()

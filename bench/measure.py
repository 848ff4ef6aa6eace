"""One way to measure: latency percentiles, throughput, CPU per operation and memory, for every benchmark here.

A benchmark compares figures of one run on one machine; ratios inside a run mean something, absolute figures do not
travel. Nothing here asserts: budgets live in the documentation, and a timed test would only test the neighbours.
"""

import array
import gc
import json
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one measurement saw. CPU is that of this process, all threads; memory is what is resident afterwards."""

    name: str
    count: int
    seconds: float
    p50_us: float
    p99_us: float
    max_us: float
    per_second: float
    cpu_us: float
    rss_mib: float

    def line(self) -> str:
        """One row of the plain-text table."""
        return (
            f"{self.name:<44} {self.per_second:>12,.0f}/s  p50 {self.p50_us:>9,.1f} us  p99 {self.p99_us:>9,.1f} us"
            f"  cpu {self.cpu_us:>8,.1f} us/op  rss {self.rss_mib:>6,.1f} MiB  n {self.count:,}"
        )


def rss_mib() -> float:
    """Resident memory of this process now, or its peak where the system does not tell."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text(encoding="ascii").split()[1]) * resource.getpagesize() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def cpu_seconds(pids: list[int]) -> float:
    """User and system time of processes so far."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def memory_mib(pid: int) -> float:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def summarise(name: str, latencies_ns: Iterable[int], *, seconds: float, cpu_seconds: float) -> Sample:
    """Turn raw latencies, taken elsewhere (many connections, many processes), into a sample."""
    ordered = sorted(latencies_ns)
    count = len(ordered)
    if count == 0:
        raise ValueError(f"nothing was measured for `{name}`")
    return Sample(
        name=name,
        count=count,
        seconds=seconds,
        p50_us=ordered[count // 2] / 1e3,
        p99_us=ordered[min(count - 1, count * 99 // 100)] / 1e3,
        max_us=ordered[-1] / 1e3,
        per_second=count / seconds,
        cpu_us=cpu_seconds / count * 1e6,
        rss_mib=rss_mib(),
    )


def measure(fn: Callable[[], object], seconds: float, *, name: str = "", warm: int = 3) -> Sample:
    """Call ``fn`` over and over for about ``seconds``, after ``warm`` calls that do not count."""
    for _ in range(warm):
        fn()
    gc.collect()
    latencies = array.array("Q")
    record, clock = latencies.append, time.perf_counter_ns
    cpu = time.process_time()
    start = before = clock()
    stop = start + int(seconds * 1e9)
    while before < stop:
        fn()
        after = clock()
        record(after - before)
        before = after
    elapsed = (before - start) / 1e9
    return summarise(
        name or getattr(fn, "__name__", "?"), latencies, seconds=elapsed, cpu_seconds=time.process_time() - cpu
    )


async def measure_async(
    fn: Callable[[], Awaitable[object]], seconds: float, *, name: str = "", warm: int = 3
) -> Sample:
    """As ``measure``, for a coroutine function awaited one call after another."""
    for _ in range(warm):
        await fn()
    gc.collect()
    latencies = array.array("Q")
    clock = time.perf_counter_ns
    cpu = time.process_time()
    start = before = clock()
    stop = start + int(seconds * 1e9)
    while before < stop:
        await fn()
        after = clock()
        latencies.append(after - before)
        before = after
    elapsed = (before - start) / 1e9
    return summarise(
        name or getattr(fn, "__name__", "?"), latencies, seconds=elapsed, cpu_seconds=time.process_time() - cpu
    )


def report(samples: Iterable[Sample], *, format: str = "text", notes: dict[str, float | str] | None = None) -> None:
    """Print the samples: a table for people, or one JSON document for ``--format json``."""
    rows = list(samples)
    if format == "json":
        json.dump({"samples": [asdict(row) for row in rows], "notes": notes or {}}, sys.stdout, indent=2)
        print()
        return
    for row in rows:
        print(row.line())
    for key, value in (notes or {}).items():
        print(f"{key}: {value:,.3f}" if isinstance(value, float) else f"{key}: {value}")

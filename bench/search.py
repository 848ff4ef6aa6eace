"""Filters over a million occurrences, on SQLite and on PostgreSQL, beside a statement written for the purpose.

Every filter is one that a client sends, except the two that match nothing or next to nothing and have to look at
everything: those say what a search costs at worst. A page has 100 occurrences, as gcloud asks for.
"""

import argparse
import asyncio
import contextlib
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psycopg
from tests.postgres import running_cluster

from bench.measure import Sample, measure, measure_async, report
from bench.occurrences import NOTES, PROJECT, digest, load, resource
from binauthz.store import open_store
from binauthz.store.interface import Store

IMAGE = resource(123_950)
NAME = IMAGE.partition("@")[0]
# What each asks for, and whether it is about a note.
FILTERS: dict[str, tuple[str, str]] = {
    "no filter": ("", ""),
    "attestations list, by note and digest": (
        f'has_suffix(resourceUrl, "sha256:{digest(12_345)}")', NOTES["ATTESTATION"],
    ),
    "images describe, kind and resource": ((
        f'((kind = "BUILD") OR (kind = "VULNERABILITY")) AND ((resourceUrl = "https://{IMAGE}") OR '
        f'(resourceUrl = "{IMAGE}"))'), "",
    ),
    "a resource without a digest": (f'resourceUrl="{resource(500_000)}"', ""),
    "a rare kind (1 in 1,000)": ('kind="BUILD"', ""),
    "two kinds (1 in 10)": ('kind="BUILD" OR kind="VULNERABILITY"', ""),
    "a kind and a package": ('kind="PACKAGE" AND dependencyPackageName="openssl"', ""),
    "a prefix (1 in 100,000)": (f'has_prefix(resourceUrl, "{NAME}")', ""),
    "a prefix that everything has": ('has_prefix(resourceUrl, "us-docker.pkg.dev/")', ""),
    "a note that is absent": ('noteId="absent"', ""),
    "nothing matches": ('noteId:"absent"', ""),
}  # fmt: skip
RAW = {
    "no filter": "SELECT * FROM occurrences WHERE project = {p} AND name > '' ORDER BY name LIMIT 100",
    "images describe, kind and resource": (
        "SELECT * FROM occurrences WHERE project = {p} AND digest = '" + digest(12_395) + "' AND kind IN "
        "('BUILD', 'VULNERABILITY')"
    ),
    "nothing matches": (
        "SELECT * FROM occurrences WHERE project = {p} AND replace(note_id, 'absent', '') <> note_id ORDER BY name "
        "LIMIT 100"
    ),
}


def raw(url: str, seconds: float, label: str) -> list[Sample]:
    """The statements that somebody would write by hand, through the driver."""
    statements = {name: text.format(p=f"'{PROJECT}'") for name, text in RAW.items()}
    with contextlib.ExitStack() as stack:
        run: Callable[[str], Any]
        if url.startswith("sqlite"):
            plain = stack.enter_context(contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))))
            run = lambda text: plain.execute(text).fetchall()  # noqa: E731
        else:
            server = stack.enter_context(psycopg.connect(url, autocommit=True))
            run = lambda text: server.execute(text).fetchall()  # noqa: E731
        return [
            measure(lambda text=text: run(text), seconds, name=f"{label}, by hand: {name}", warm=1)
            for name, text in statements.items()
        ]


async def searches(store: Store, seconds: float, label: str) -> list[Sample]:
    """Each filter, over and over."""
    samples = []
    for name, (filter, note) in FILTERS.items():
        asked = {"note": note} if note else {"project": PROJECT}

        def body(tx: Any, asked: dict[str, str] = asked, filter: str = filter) -> Any:
            return tx.search_occurrences(**asked, filter=filter, limit=100)

        found = await store.read(body)
        samples.append(
            await measure_async(
                lambda body=body: store.read(body), seconds, name=f"{label}: {name} ({len(found.records)})", warm=1
            )
        )
    for name, filter in (("of one image", f'resourceUrl="{IMAGE}"'), ("of everything", "")):
        body = lambda tx, filter=filter: tx.vulnerability_counts(project=PROJECT, filter=filter)  # noqa: E731
        with contextlib.suppress(ValueError):
            counts = await store.read(body)
            samples.append(
                await measure_async(
                    lambda body=body: store.read(body), seconds, name=f"{label}: summary {name} ({len(counts)})", warm=1
                )
            )
    return samples


def on(url: str, label: str, seconds: float, count: int) -> tuple[list[Sample], dict[str, float | str]]:
    """Everything on one database."""
    asyncio.run(_prepare(url))
    started = time.monotonic()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as elsewhere:
        elsewhere.submit(load, url, range(count)).result()
    notes: dict[str, float | str] = {f"{label}: seconds to load {count:,}": time.monotonic() - started}
    by_hand = raw(url, seconds, label)

    async def measured() -> list[Sample]:
        store = open_store(url)
        try:
            return await searches(store, seconds, label)
        finally:
            await store.close()

    found = asyncio.run(measured())
    for sample in by_hand:
        name = sample.name.partition("by hand: ")[2]
        ours = next(each for each in found if each.name.startswith(f"{label}: {name}"))
        notes[f"{label}: {name} / by hand (p50)"] = ours.p50_us / sample.p50_us
    return [*by_hand, *found], notes


async def _prepare(url: str) -> None:
    await open_store(url).close()


@contextlib.contextmanager
def databases(chosen: list[str]) -> Iterator[dict[str, str]]:
    """An empty database of each kind."""
    with contextlib.ExitStack() as stack:
        urls = {}
        if "sqlite" in chosen:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            urls["SQLite"] = f"sqlite:///{Path(folder) / 'store.db'}"
        if "postgresql" in chosen:
            urls["PostgreSQL"] = stack.enter_context(running_cluster(durable=True)).create_database()
        yield urls


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--occurrences", type=int, default=1_000_000)
    parser.add_argument("--database", action="append", choices=("sqlite", "postgresql"))
    parser.add_argument("--format", choices=("text", "json"), default="text")
    arguments = parser.parse_args()
    samples: list[Sample] = []
    notes: dict[str, float | str] = {}
    with databases(arguments.database or ["sqlite", "postgresql"]) as urls:
        for label, url in urls.items():
            more, about = on(url, label, arguments.seconds, arguments.occurrences)
            samples += more
            notes |= about
    report(samples, format=arguments.format, notes=notes)


if __name__ == "__main__":
    main()

"""A store with a project and a cluster, and the admission door over it, driven without sockets."""

import asyncio
import datetime as dt
import hashlib
import json
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, TypeVar

from binauthz.admission.door import Door, build
from binauthz.attestation.memo import Prover
from binauthz.attestation.model import Attestation, Attestor, AttestorKey, PkixKey, Signature, SignatureAlgorithm
from binauthz.base.clock import FixedClock
from binauthz.policy.model import AdmissionRule, EnforcementMode, EvaluationMode, GlobalEvaluation, Policy
from binauthz.store import open_store
from binauthz.store.interface import Store
from binauthz.store.records import Cluster, LogEntry, Occurrence, Project
from tests.decisions.signing import payload_for, public_pem, sign

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
TOKEN = "webhook-token-of-the-cluster"
CLUSTER = "projects/p1/locations/us-central1-a/clusters/c1"
REVIEW = "/v1/projects/p1/policy/locations/us-central1-a/clusters/c1:admissionReview"
IMAGE_REVIEW = "/v1/projects/p1/policy/locations/us-central1-a/clusters/c1:imageReview"
AUDIT = "/v1/projects/p1/locations/us-central1-a/clusters/c1:audit"

T = TypeVar("T")

ALLOW = EvaluationMode.ALWAYS_ALLOW
DENY = EvaluationMode.ALWAYS_DENY
ATTEST = EvaluationMode.REQUIRE_ATTESTATION


def cluster(**changes: Any) -> Cluster:
    """The cluster's record."""
    members: dict[str, Any] = {
        "name": CLUSTER,
        "server": "https://127.0.0.1:1",
        "ca_pem": "",
        "create_time": NOW,
        "webhook_token_hash": hashlib.sha256(TOKEN.encode()).hexdigest(),
    }
    return Cluster(**{**members, **changes})


def rule(mode: EvaluationMode, *attestors: str, dry_run: bool = False) -> AdmissionRule:
    """A rule."""
    enforcement = EnforcementMode.DRYRUN_AUDIT_LOG_ONLY if dry_run else EnforcementMode.ENFORCED_BLOCK_AND_AUDIT_LOG
    return AdmissionRule(evaluation_mode=mode, enforcement_mode=enforcement, require_attestations_by=attestors)


def policy(default: AdmissionRule, project: str = "p1", **members: Any) -> Policy:
    """A policy with that default rule."""
    return Policy(
        name=f"projects/{project}/policy",
        global_evaluation=GlobalEvaluation.DISABLE,
        default_rule=default,
        **members,
    )


def attestor(name: str, project: str = "p1", key: str | None = None) -> Attestor:
    """An attestor with one P-256 key."""
    material = PkixKey(pem=public_pem(key or name), algorithm=SignatureAlgorithm.ECDSA_P256_SHA256)
    return Attestor(
        name=f"projects/{project}/attestors/{name}",
        note=f"projects/{project}/notes/{name}",
        keys=(AttestorKey(id=f"key-{name}", material=material),),
    )


def occurrence(by: str, digest: str, project: str = "p1", key: str | None = None) -> Occurrence:
    """An attestation of the digest, signed by the attestor's key."""
    payload = payload_for(digest)
    name, note = f"projects/{project}/occurrences/{by}-{digest}", f"projects/{project}/notes/{by}"
    uri = f"https://us-docker.pkg.dev/p1/r/img@sha256:{digest}"
    return Occurrence(
        name=name,
        note=note,
        kind="ATTESTATION",
        resource_uri=uri,
        create_time=NOW,
        update_time=NOW,
        body=b"",
        digest=digest,
        attestation=Attestation(
            name=name,
            note=note,
            resource_uri=uri,
            payload=payload,
            signatures=(Signature(public_key_id=f"key-{by}", signature=sign(key or by, payload)),),
        ),
    )


def digest_of(text: object) -> str:
    """Some digest."""
    return hashlib.sha256(str(text).encode()).hexdigest()


def image_of(text: object) -> str:
    """Some image, by digest."""
    return f"us-docker.pkg.dev/p1/r/img@sha256:{digest_of(text)}"


class World:
    """One installation in one temporary directory."""

    def __init__(self, directory: Path, url: str = "") -> None:
        self.runner = asyncio.Runner()
        self.database = directory / "store.sqlite"
        self.clock = FixedClock(NOW)
        self.store: Store = open_store(url or f"sqlite:///{self.database}")
        self.put(Project(name="projects/p1", number=123456789012, create_time=NOW), cluster())
        self.door = self.new_door()

    def new_door(self, store: Store | None = None, **settings: Any) -> Door:
        """A door that is ready, as a freshly started process has it."""
        door = build(store or self.store, clock=self.clock, prover=Prover(), **settings)
        self.run(door._sources.prime())
        return door

    def run(self, work: Awaitable[T]) -> T:
        """Run to completion."""

        async def main() -> T:
            return await work

        return self.runner.run(main())

    def put(self, *records: object) -> None:
        """Write records."""
        self.run(self.store.write(lambda tx: [tx.put(record) for record in records]))

    def delete(self, record: Any) -> None:
        """Delete a record."""
        assert self.run(self.store.write(lambda tx: tx.delete(type(record), record.name)))

    def post(self, path: str, body: bytes, **request: Any) -> tuple[int, dict[str, Any]]:
        """One request to the door."""
        return self.run(post(self.door, path, body, **request))

    def review(self, document: dict[str, Any], **request: Any) -> dict[str, Any]:
        """The response of one review."""
        code, answer = self.post(REVIEW, json.dumps(document).encode(), **request)
        assert code == 200, answer
        assert (answer["apiVersion"], answer["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
        response: dict[str, Any] = answer["response"]
        return response

    def entries(self, log: str = "") -> list[LogEntry]:
        """The project's log entries, of one log."""
        found = self.run(self.store.read(lambda tx: list(tx.log_entries(projects=["projects/p1"]))))
        return [entry for entry in found if log in entry.log_name]

    def close(self) -> None:
        """Close the store and the loop."""
        self.run(self.store.close())
        self.runner.close()


async def post(
    app: Any,
    path: str,
    body: bytes,
    *,
    token: str | None = TOKEN,
    query: bytes = b"timeout=10s",
    method: str = "POST",
    headers: tuple[tuple[bytes, bytes], ...] = (),
    pieces: int = 1,
) -> tuple[int, dict[str, Any]]:
    """Send one request to an ASGI application, its body in pieces; the status and the decoded answer."""
    size = max(1, -(-len(body) // pieces))
    parts = [body[start : start + size] for start in range(0, len(body), size)] or [b""]
    messages = [
        {"type": "http.request", "body": part, "more_body": index < len(parts) - 1} for index, part in enumerate(parts)
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    credential = ((b"authorization", b"Bearer " + token.encode()),) if token is not None else ()
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "headers": [*credential, *headers],
        "client": ("127.0.0.1", 1),
    }
    await app(scope, receive, send)
    answer = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], json.loads(answer)

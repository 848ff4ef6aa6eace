"""Platform policies and what they say of Pods (SPEC 6.1, 6.5). They never affect admission (SPEC 13.29)."""

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence

from binauthz.attestation.memo import Prover
from binauthz.attestation.model import Attestation, Attestor
from binauthz.attestation.verify import Outcome, judge_attestor
from binauthz.base import names
from binauthz.base.errors import ApiError, Code, invalid, invalid_field
from binauthz.base.image import parse_image
from binauthz.base.limits import MAX_ATTESTATIONS_PER_JUDGEMENT, MAX_ATTESTED_IMAGES
from binauthz.policy.decision import Verdict
from binauthz.policy.platform.evaluate import Finding, PodResult, PodSubject, evaluate
from binauthz.policy.platform.model import GkePolicy, PlatformPolicy, SimpleSigningAttestationCheck
from binauthz.policy.platform.validate import attestor_keys, described, validate
from binauthz.services import projects
from binauthz.services.authorization import permits
from binauthz.services.context import Caller, Context
from binauthz.services.etags import fresh
from binauthz.services.names import not_found, project_of, service_agent
from binauthz.services.paging import Page, PageRequest, window
from binauthz.store.interface import Reader, Writer
from binauthz.store.records import Project

PLATFORMS = ("cloudRun", "gke")
PAGE_DEFAULT = 100
PAGE_MAXIMUM = 1000
_PROVER = Prover()
_LIST = "containeranalysis.occurrences.list"
_NOTE = "projects/any/notes/any"
_Attestations = Mapping[tuple[str, str], Sequence[Attestation] | None]


def _checked(draft: PlatformPolicy) -> GkePolicy:
    """The policy as it is stored, every key with its id; raises INVALID_ARGUMENT."""
    violations = validate(draft)
    if violations or draft.gke is None:
        first = violations[0]
        more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
        raise invalid(f"invalid policy: {first.field}: {first.description}{more}", *violations)
    sets = []
    for each in draft.gke.check_sets:
        checks = []
        for check in each.checks:
            kind = check.kind
            if isinstance(kind, SimpleSigningAttestationCheck):
                kind = SimpleSigningAttestationCheck(
                    authenticators=tuple(map(described, kind.authenticators)), projects=kind.projects
                )
            checks.append(dataclasses.replace(check, kind=kind))
        sets.append(dataclasses.replace(each, checks=tuple(checks)))
    return dataclasses.replace(draft.gke, check_sets=tuple(sets))


def _require_platform(name: str) -> None:
    if name not in PLATFORMS:
        raise ApiError(Code.NOT_FOUND, f"Platform '{name[:80]}' was not found")


async def create(ctx: Context, parent: str, policy_id: str, draft: PlatformPolicy) -> PlatformPolicy:
    """Create a policy; NOT_FOUND for an unknown project or platform, INVALID_ARGUMENT, ALREADY_EXISTS."""
    names.parse_id("policy", policy_id, "policyId")
    _require_platform(parent.rpartition("/")[2])
    _, platform = names.PLATFORM.parse(parent, "parent")
    if platform != "gke":
        raise invalid_field("platformPolicy.gkePolicy", f"cannot be set under the platform `{platform}`")
    gke, now, etag = _checked(draft), ctx.clock.now(), fresh()

    def body(tx: Writer) -> PlatformPolicy:
        name = f"{projects.require(tx, parent).name}/platforms/{platform}/policies/{policy_id}"
        if tx.get(PlatformPolicy, name) is not None:
            raise ApiError(Code.ALREADY_EXISTS, f"Resource '{name}' already exists")
        policy = dataclasses.replace(draft, name=name, gke=gke, update_time=now, etag=etag)
        tx.insert(policy)
        return policy

    return await ctx.store.write(body)


async def get(ctx: Context, name: str) -> PlatformPolicy:
    """One policy; raises NOT_FOUND."""
    return await ctx.store.read(lambda tx: _existing(tx, name))


async def replace(ctx: Context, draft: PlatformPolicy) -> PlatformPolicy:
    """Replace a whole policy; NOT_FOUND rather than creating one, and ABORTED for a stale etag."""
    gke, now, etag = _checked(draft), ctx.clock.now(), fresh()

    def body(tx: Writer) -> PlatformPolicy:
        current = _existing(tx, draft.name)
        _check_etag(draft.etag, current)
        policy = dataclasses.replace(draft, name=current.name, gke=gke, update_time=now, etag=etag)
        tx.put(policy)
        return policy

    return await ctx.store.write(body)


async def delete(ctx: Context, name: str, etag: str) -> None:
    """Delete a policy; raises NOT_FOUND, and ABORTED for a stale etag."""

    def body(tx: Writer) -> None:
        current = _existing(tx, name)
        _check_etag(etag, current)
        tx.delete(PlatformPolicy, current.name)

    await ctx.store.write(body)


async def list_policies(ctx: Context, parent: str, request: PageRequest) -> Page[PlatformPolicy]:
    """A page of a platform's policies; an unknown project or platform is INVALID_ARGUMENT (SPEC 6.1)."""

    def body(tx: Reader) -> Page[PlatformPolicy]:
        _, platform = names.PLATFORM.parse(parent, "parent")
        project = projects.find(tx, parent)
        if project is None:
            raise invalid_field("parent", f"the project of `{parent}` was not found")
        where = f"{project.name}/platforms/{platform}"
        page = window(request, "platformPolicies", where, default=PAGE_DEFAULT, maximum=PAGE_MAXIMUM)
        return page.page(
            tx.list(PlatformPolicy, where, after=page.after, limit=page.size + 1), lambda policy: policy.name
        )

    return await ctx.store.read(body)


async def list_platforms(ctx: Context, parent: str) -> tuple[str, ...]:
    """The names of a project's platforms."""
    project = await ctx.store.read(lambda tx: projects.require_parent(tx, parent))
    return tuple(f"{project.name}/platforms/{each}" for each in PLATFORMS)


async def evaluate_pods(ctx: Context, name: str, pods: Sequence[PodSubject]) -> tuple[PodResult, ...]:
    """What the policy says of each Pod, from the evidence of one transaction; raises NOT_FOUND and
    INVALID_ARGUMENT."""
    images = {image for pod in pods for image in pod.images}
    if len(images) > MAX_ATTESTED_IMAGES:
        raise invalid_field("resource", f"got {len(images)} images, expected at most {MAX_ATTESTED_IMAGES}")
    digests = {digest for image in images if (digest := parse_image(image).digest) is not None}

    def body(tx: Reader) -> tuple[GkePolicy, str, _Attestations]:
        policy = _existing(tx, name)
        gke = policy.gke or GkePolicy()
        own = project_of(policy.name)
        wanted = {
            project
            for each in gke.check_sets
            for check in each.checks
            if isinstance(check.kind, SimpleSigningAttestationCheck)
            for project in check.kind.projects or (own,)
        }
        return gke, own, {(each, digest): _read(tx, own, each, digest) for each in wanted for digest in digests}

    gke, own, found = await ctx.store.read(body)
    now = ctx.clock.now()

    def attested(check: SimpleSigningAttestationCheck, digest: str) -> Finding:
        asked = [found[project, digest] for project in check.projects or (own,)]
        attestations = [attestation for some in asked for attestation in some or ()]
        for each in check.authenticators:
            attestor = Attestor(name=each.display_name, note=_NOTE, keys=attestor_keys(each))
            if judge_attestor(attestor, digest, attestations, _PROVER, now).outcome is Outcome.SATISFIED:
                return Verdict.CONFORMANT, "An attestation is signed by a key of an authenticator."
        if None in asked:
            return (
                Verdict.ERROR,
                "The attestations of a project could not be read; no other has a valid one.",
            )
        return Verdict.NON_CONFORMANT, "No attestation is signed by a key of any authenticator."

    return await asyncio.to_thread(lambda: tuple(evaluate(gke, pod, attested) for pod in pods))


def _read(tx: Reader, own: str, project: str, digest: str) -> Sequence[Attestation] | None:
    """A project's attestations of a digest; None where the service agent of the policy's project may not list them
    (B109). No note is named by the check, so that all attestations count as of one (SPEC 6.3)."""
    if project != own:
        owner = tx.get(Project, own)
        number = owner.number if owner else 0
        agent = Caller(principal=f"serviceAccount:{service_agent(number)}")
        if tx.get(Project, project) is None or not permits(tx, agent, _LIST, project):
            return None
    rows = tx.occurrences(
        project=project,
        filter=f'kind="ATTESTATION" AND has_suffix(resourceUrl, "@sha256:{digest}")',
        limit=MAX_ATTESTATIONS_PER_JUDGEMENT + 1,
    )
    return [
        dataclasses.replace(row.attestation, name=row.name, note=_NOTE, resource_uri=row.resource_uri)
        for row in rows
        if row.attestation is not None
    ]


def _existing(tx: Reader, name: str) -> PlatformPolicy:
    names.PLATFORM_POLICY.parse(name)
    projects.require(tx, name)
    policy = tx.get(PlatformPolicy, projects.canonical(tx, name))
    if policy is None:
        raise not_found(name)
    return policy


def _check_etag(sent: str, current: PlatformPolicy) -> None:
    if sent and sent != current.etag:
        raise ApiError(Code.ABORTED, f"the etag of '{current.name}' is stale; read the policy again and retry")

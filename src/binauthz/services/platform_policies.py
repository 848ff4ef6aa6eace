"""Platform policies and what they say of Pods (SPEC 6.1, 6.5). They never affect admission (SPEC 13.29)."""

import asyncio
import dataclasses
from collections.abc import Sequence

from binauthz.attestation.memo import Prover
from binauthz.base import names
from binauthz.base.errors import ApiError, Code, FieldViolation, invalid, invalid_field
from binauthz.base.limits import MAX_ATTESTED_IMAGES
from binauthz.policy.platform import cloud_run
from binauthz.policy.platform.evaluate import PodResult, evaluate
from binauthz.policy.platform.evidence import Evidence
from binauthz.policy.platform.model import (
    Check,
    GkePolicy,
    Kind,
    PlatformPolicy,
    SimpleSigningAttestationCheck,
    SlsaCheck,
)
from binauthz.policy.platform.needs import constraints, needs
from binauthz.policy.platform.subject import PodSubject
from binauthz.policy.platform.validate import described, validate
from binauthz.services import projects
from binauthz.services.context import Context
from binauthz.services.etags import fresh
from binauthz.services.names import project_of
from binauthz.services.paging import Page, PageRequest, window
from binauthz.services.platform_evidence import Decoders, gather
from binauthz.sources.constraints import evaluate as evaluate_constraints
from binauthz.sources.constraints import problems as constraint_problems
from binauthz.store.interface import Reader, Writer

PLATFORMS = ("cloudRun", "gke")
PAGE_DEFAULT = 100
PAGE_MAXIMUM = 1000
MAX_CONSTRAINTS = 100
_PROVER = Prover()


async def _checked(draft: PlatformPolicy, platform: str) -> PlatformPolicy:
    """The policy as it is stored, every key with its id; raises INVALID_ARGUMENT."""
    other = ("cloudRunPolicy", draft.cloud_run) if platform == "gke" else ("gkePolicy", draft.gke)
    if other[1] is not None:
        raise invalid_field(f"platformPolicy.{other[0]}", f"cannot be set under the platform `{platform}`")
    if platform != "gke" and draft.cloud_run is None:
        raise invalid_field("platformPolicy.cloudRunPolicy", "is missing, expected a policy")
    checked, violations = await asyncio.to_thread(_examined, draft)
    violations = violations or await _constraint_faults(draft)
    if violations:
        first = violations[0]
        more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
        raise invalid(f"invalid policy: {first.field}: {first.description}{more}", *violations)
    return checked


def _examined(draft: PlatformPolicy) -> tuple[PlatformPolicy, tuple[FieldViolation, ...]]:
    """The draft with the ids of its keys, or what is wrong with it. Parses keys: call on a thread."""
    violations = validate(draft)
    if violations:
        return draft, violations
    if draft.cloud_run is not None and draft.cloud_run.rule is not None:
        attestors = tuple(map(cloud_run.described, draft.cloud_run.rule.attestors))
        rule = dataclasses.replace(draft.cloud_run.rule, attestors=attestors)
        draft = dataclasses.replace(draft, cloud_run=dataclasses.replace(draft.cloud_run, rule=rule))
    if draft.gke is not None:
        sets = tuple(
            dataclasses.replace(
                each, checks=tuple(dataclasses.replace(check, kind=_kept(check)) for check in each.checks)
            )
            for each in draft.gke.check_sets
        )
        draft = dataclasses.replace(draft, gke=dataclasses.replace(draft.gke, check_sets=sets))
    return draft, ()


def _kept(check: Check) -> Kind | None:
    kind = check.kind
    if not isinstance(kind, SimpleSigningAttestationCheck):
        return kind
    return SimpleSigningAttestationCheck(
        authenticators=tuple(map(described, kind.authenticators)), projects=kind.projects
    )


async def _constraint_faults(draft: PlatformPolicy) -> tuple[FieldViolation, ...]:
    """Constraints that do not compile, where the extra that compiles them is installed (SPEC 6.3)."""
    written = {
        f"gkePolicy.checkSets[{index}].checks[{number}].slsaCheck.rules[{place}].customConstraints": (
            rule.custom_constraints
        )
        for index, each in enumerate(draft.gke.check_sets if draft.gke else ())
        for number, check in enumerate(each.checks)
        if isinstance(check.kind, SlsaCheck)
        for place, rule in enumerate(check.kind.rules)
        if rule.custom_constraints
    }
    if len(set(written.values())) > MAX_CONSTRAINTS:
        problem = f"the policy has more than {MAX_CONSTRAINTS} constraints, expected at most that many"
        return (FieldViolation(next(iter(written)), problem),)
    expressions = list(dict.fromkeys(written.values()))
    found = dict(zip(expressions, await constraint_problems(expressions), strict=True))
    faults = ((path, found[text]) for path, text in written.items())
    return tuple(FieldViolation(path, f"does not compile: {problem}") for path, problem in faults if problem)


def _require_platform(name: str) -> None:
    if name not in PLATFORMS:
        raise ApiError(Code.NOT_FOUND, f"Platform '{name[:80]}' was not found")


async def create(ctx: Context, parent: str, policy_id: str, draft: PlatformPolicy) -> PlatformPolicy:
    """Create a policy; NOT_FOUND for an unknown project or platform, INVALID_ARGUMENT, ALREADY_EXISTS."""
    names.parse_id("policy", policy_id, "policyId")
    _require_platform(parent.rpartition("/")[2])
    _, platform = names.PLATFORM.parse(parent, "parent")
    checked, now, etag = await _checked(draft, platform), ctx.clock.now(), fresh()

    def body(tx: Writer) -> PlatformPolicy:
        name = f"{projects.require(tx, parent).name}/platforms/{platform}/policies/{policy_id}"
        if tx.get(PlatformPolicy, name) is not None:
            raise ApiError(Code.ALREADY_EXISTS, f"Resource '{name}' already exists")
        policy = dataclasses.replace(checked, name=name, update_time=now, etag=etag)
        tx.insert(policy)
        return policy

    return await ctx.store.write(body)


async def get(ctx: Context, name: str) -> PlatformPolicy:
    """One policy; raises NOT_FOUND."""
    return await ctx.store.read(lambda tx: _existing(tx, name))


async def replace(ctx: Context, draft: PlatformPolicy) -> PlatformPolicy:
    """Replace a whole policy; NOT_FOUND rather than creating one, and ABORTED for a stale etag."""
    _, platform, _ = names.PLATFORM_POLICY.parse(draft.name, "platformPolicy.name")
    checked, now, etag = await _checked(draft, platform), ctx.clock.now(), fresh()

    def body(tx: Writer) -> PlatformPolicy:
        current = _existing(tx, draft.name)
        _check_etag(draft.etag, current)
        policy = dataclasses.replace(checked, name=current.name, update_time=now, etag=etag)
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


async def evaluate_pods(
    ctx: Context, name: str, pods: Sequence[PodSubject], decoders: Decoders
) -> tuple[PlatformPolicy, tuple[PodResult, ...]]:
    """The policy and what it says of each Pod, from the evidence of one transaction; raises NOT_FOUND and
    INVALID_ARGUMENT."""
    images = {image for pod in pods for image in pod.images}
    if len(images) > MAX_ATTESTED_IMAGES:
        raise invalid_field("resource", f"got {len(images)} images, expected at most {MAX_ATTESTED_IMAGES}")
    now = ctx.clock.now()

    def body(tx: Reader) -> tuple[PlatformPolicy, GkePolicy, Evidence]:
        policy = _existing(tx, name)
        if policy.gke is None:
            raise invalid_field("name", f"`{policy.name}` is not a policy for GKE, and no other can be evaluated")
        project = project_of(policy.name)
        return policy, policy.gke, gather(tx, project, needs(policy.gke, project, pods), decoders, now, _PROVER)

    policy, gke, gathered = await ctx.store.read(body)

    held = await evaluate_constraints(await asyncio.to_thread(constraints, gke, pods, gathered))
    evidence = dataclasses.replace(gathered, constraints=held)
    return policy, await asyncio.to_thread(lambda: tuple(evaluate(gke, pod, evidence) for pod in pods))


def _existing(tx: Reader, name: str) -> PlatformPolicy:
    return projects.existing(tx, PlatformPolicy, names.PLATFORM_POLICY, name)


def _check_etag(sent: str, current: PlatformPolicy) -> None:
    if sent and sent != current.etag:
        raise ApiError(Code.ABORTED, f"the etag of '{current.name}' is stale; read the policy again and retry")

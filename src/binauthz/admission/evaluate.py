"""Would this be admitted? The same engine, asked before anything is deployed, with no side effects.

``POST /binauthz/v1/projects/{p}:evaluate`` is a method of ours, not of Google's API. The answer has one result for
each object of the manifest; it is 200 whatever the verdict (as SPEC 13.37 asks of the platform policy's
``:evaluate``). What could not be told is not called admitted, whatever a cluster would do with it.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import yaml

from binauthz.admission.explanation import Explainer, MayRead, nobody, rule_of
from binauthz.admission.verdict import Judge
from binauthz.base.errors import ApiError, Code, FieldViolation, invalid, invalid_field
from binauthz.base.names import is_id
from binauthz.policy import pod
from binauthz.policy.decision import Decision, Verdict, worst
from binauthz.policy.enforce import OnError, enforce
from binauthz.policy.evidence import Trouble
from binauthz.policy.model import Policy
from binauthz.policy.subject import Subject
from binauthz.policy.validate import validate
from binauthz.policy.wording import explanation
from binauthz.policy.workloads import Workload, workloads
from binauthz.sources.gather import Unanswered

MAX_MANIFEST_BYTES = 1024 * 1024
_BUDGET_SECONDS = 20.0
_MAX_KINDS_NAMED = 10
_YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Question(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What is asked: a manifest (YAML or JSON, several documents), or the images of one Pod.

    ``policy`` is a draft to try in place of the stored one. ``cluster`` is ``LOCATION.CLUSTER``, for which cluster
    rules are chosen; it need not exist yet. ``explain`` asks for the reasons too: rule, pattern, what attestors tried.
    """

    manifest: str = ""
    images: tuple[str, ...] = ()
    cluster: str = ""
    namespace: str = ""
    service_account: str = ""
    policy: dict[str, Any] | None = None
    explain: bool = False


ParsePolicy = Callable[[Mapping[str, Any]], Policy]


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Answers questions about one store; ``parse_policy`` reads a draft in the API's JSON form."""

    judge: Judge
    parse_policy: ParsePolicy

    async def evaluate(self, project: str, question: Question, may_read: MayRead = nobody) -> dict[str, Any]:
        """The results for every object; raises INVALID_ARGUMENT for a question that cannot be read."""
        if bool(question.manifest) == bool(question.images):
            raise invalid_field("manifest", "got both or neither of `manifest` and `images`, expected one")
        location, _, cluster = question.cluster.partition(".")
        if question.cluster and not (is_id("location", location) and is_id("cluster", cluster)):
            raise invalid_field("cluster", f"got `{question.cluster[:200]}`, expected LOCATION.CLUSTER")
        draft = None if question.policy is None else self._draft(question.policy)
        explainer = Explainer(may_read) if question.explain else None
        results = []
        try:
            async with asyncio.timeout(_BUDGET_SECONDS):
                objects = [_pod(question)] if question.images else await asyncio.to_thread(_read, question.manifest)
                for each in objects:
                    results.append(await self._result(project, question, each, draft, explainer))
                    await asyncio.sleep(0)
        except pod.InvalidPod as error:
            raise invalid_field("manifest", str(error)) from None
        except TimeoutError:
            raise ApiError(Code.DEADLINE_EXCEEDED, "the manifest could not be evaluated in time") from None
        verdicts = [Verdict(result["verdict"]) for result in results if result["verdict"] != "NOT_JUDGED"]
        if not verdicts:
            # Nothing is vacuously true: a pipeline that asks about the wrong file must not be told that all is well.
            kinds = ", ".join(sorted({result["kind"][:63] for result in results})[:_MAX_KINDS_NAMED])
            raise invalid_field("manifest", f"no object with a Pod was found, got only {kinds}")
        return {
            "verdict": worst(verdicts).value,
            "admitted": all(result["admitted"] for result in results),
            "results": results,
        }

    async def _result(
        self,
        project: str,
        question: Question,
        asked: Workload,
        draft: Policy | None,
        explainer: Explainer | None,
    ) -> dict[str, Any]:
        shown = {"kind": asked.kind, "podName": asked.name}
        if asked.problem:
            return {**shown, "verdict": "NON_CONFORMANT", "admitted": False, "message": asked.problem, "images": []}
        if asked.pod is None:
            message = f"{asked.kind} makes no Pods that are known here, and is not judged"
            return {**shown, "verdict": "NOT_JUDGED", "admitted": True, "message": message, "images": []}
        namespace = asked.namespace or question.namespace or "default"
        location, _, cluster = question.cluster.partition(".")
        try:
            subject = pod.subject_of(
                asked.pod, project=project, location=location, cluster=cluster, namespace=namespace
            )
        except pod.InvalidPod as error:
            return {**shown, "verdict": "NON_CONFORMANT", "admitted": False, "message": str(error), "images": []}
        decided = await self._decided(subject, draft)
        outcome = enforce(decided, break_glass=subject.break_glass, on_error=OnError.FAIL_CLOSED)
        result: dict[str, Any] = {
            **shown,
            "namespace": namespace,
            "serviceAccount": subject.service_account,
            "verdict": decided.verdict.value if isinstance(decided, Decision) else Verdict.ERROR.value,
            "admitted": outcome.allowed,
            "message": outcome.message,
            "auditAnnotations": dict(outcome.audit_annotations),
            "images": list(_images(decided)) if isinstance(decided, Decision) else [],
        }
        if explainer is not None and isinstance(decided, Decision):
            result["rule"] = rule_of(decided.ruling)
            reasons = await explainer.images(decided)
            result["images"] = [{**image, **why} for image, why in zip(result["images"], reasons, strict=True)]
        return result

    def _draft(self, document: Mapping[str, Any]) -> Policy:
        """A policy to try; one that could never be stored is refused, and not tried (SPEC 1.7)."""
        draft = self.parse_policy(document)
        faults = validate(draft)
        if faults:
            named = [FieldViolation(f"policy.{fault.field}", fault.description) for fault in faults]
            raise invalid(f"invalid policy: {faults[0].field}: {faults[0].description}", *named)
        return draft

    async def _decided(self, subject: Subject, draft: Policy | None) -> Decision | Trouble:
        try:
            return await self.judge.decide(subject, draft=draft)
        except Unanswered as error:
            return Trouble(error.reason)


def decode(body: bytes) -> Question:
    """The question in a request's body; raises INVALID_ARGUMENT."""
    try:
        return msgspec.json.decode(body, type=Question)
    except RecursionError:
        raise invalid_field("body", "got JSON nested too deeply, expected a question") from None
    except msgspec.DecodeError as error:
        raise invalid_field("body", f"got a body that is not a question: {error}") from None


def _pod(question: Question) -> Workload:
    """A Pod of the images asked about."""
    containers = [pod.Container(f"image-{index}", image) for index, image in enumerate(question.images, start=1)]
    spec = pod.PodSpec(containers=containers, service_account_name=question.service_account)
    return Workload("Pod", "", question.namespace, pod.Pod(spec=spec))


def _read(manifest: str) -> list[Workload]:
    """The objects of a manifest, in order; raises InvalidPod."""
    try:
        documents = [document for document in yaml.load_all(manifest, Loader=_YAML) if document is not None]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise pod.InvalidPod(f"got a manifest that is not YAML: {str(error)[:500]}") from None
    found = [workload for document in documents for workload in workloads(document)]
    if not found:
        raise pod.InvalidPod("got a manifest without objects, expected at least one")
    return found


def _images(decision: Decision) -> Iterator[dict[str, Any]]:
    for result in decision.images:
        yield {
            "image": result.image,
            "verdict": result.verdict.value,
            "explanation": explanation(result),
            "attestors": [
                {"attestor": attestor.attestor, "verdict": attestor.verdict.value, "why": attestor.why.name}
                for attestor in result.attestors
            ],
        }

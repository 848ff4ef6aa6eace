"""Why a decision came out as it did, for those who may know: rule, pattern, and what each attestor tried (B83).

What an attestor found is evidence of another resource. A caller who may not read the attestor is told its verdict and
no more, and the attestations of a project only where the caller may read occurrences there (B109).
"""

from collections.abc import Awaitable, Callable
from typing import Any

from binauthz.policy.decision import AttestorResult, Decision, ImageResult
from binauthz.policy.scopes import Ruling

MayRead = Callable[[str, str], Awaitable[bool]]
"""Whether the caller holds a permission on a resource."""


async def nobody(_permission: str, _resource: str) -> bool:
    """The MayRead of a caller who may read nothing."""
    return False


MAX_TRIALS = 20
"""Signatures shown for one attestor and image."""
_MAX_SHOWN = 1000


def rule_of(ruling: Ruling) -> dict[str, Any]:
    """The rule that judged, and how it was chosen."""
    if ruling.rule is None:
        return {"scope": ruling.scope.name, "key": ruling.key}
    return {
        "scope": ruling.scope.name,
        "key": ruling.key,
        "evaluationMode": ruling.rule.evaluation_mode.value,
        "enforcementMode": ruling.rule.enforcement_mode.value,
        "requireAttestationsBy": list(ruling.rule.require_attestations_by),
    }


class Explainer:
    """Explains the decisions of one answer to one caller; what one answer shows in all is bounded."""

    def __init__(self, may_read: MayRead) -> None:
        self._may_read = may_read
        self._known: dict[tuple[str, str], bool] = {}
        self._left = _MAX_SHOWN

    async def images(self, decision: Decision) -> list[dict[str, Any]]:
        """What each image's verdict rests on, in the order of the decision."""
        return [await self._image(result) for result in decision.images]

    async def _image(self, result: ImageResult) -> dict[str, Any]:
        made: dict[str, Any] = {"ground": result.ground.name}
        if result.digest is not None:
            made["digest"] = f"sha256:{result.digest}"
        if result.exemption is not None:
            made["exemption"] = {"owner": result.exemption.owner.name, "pattern": result.exemption.pattern}
        if result.attestors:
            made["findings"] = [await self._attestor(each) for each in result.attestors]
        return made

    async def _attestor(self, result: AttestorResult) -> dict[str, Any]:
        made: dict[str, Any] = {"attestor": result.attestor, "verdict": result.verdict.value, "why": result.why.name}
        if not await self._may("binaryauthorization.attestors.get", result.attestor):
            return {**made, "withheld": "the caller lacks binaryauthorization.attestors.get on the attestor"}
        made["reason"] = result.detail
        finding = result.finding
        if finding is None:
            return made
        shown = []
        for trial in finding.trials[:MAX_TRIALS]:
            project = "/".join(trial.attestation.split("/")[:2])
            if self._left and await self._may("containeranalysis.occurrences.get", project):
                self._left -= 1
                shown.append(
                    {
                        "attestation": trial.attestation,
                        "keyId": trial.key_id,
                        "outcome": trial.outcome.value,
                        "reason": trial.reason,
                    }
                )
        return {
            **made,
            "cause": finding.cause.value,
            "trials": shown,
            "trialsLeftOut": len(finding.trials) - len(shown),
        }

    async def _may(self, permission: str, resource: str) -> bool:
        key = (permission, resource)
        if key not in self._known:
            self._known[key] = await self._may_read(permission, resource)
        return self._known[key]

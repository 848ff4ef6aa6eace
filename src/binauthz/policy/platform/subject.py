"""What is judged of a Pod, and by which check set of a policy."""

from dataclasses import dataclass

from binauthz.policy.platform.model import CheckSet, GkePolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class PodSubject:
    """What is judged of a Pod."""

    name: str
    namespace: str
    service_account: str
    images: tuple[str, ...]


def choose(policy: GkePolicy, pod: PodSubject) -> tuple[int, CheckSet] | None:
    """The one check set that a Pod belongs to: the first in order (SPEC 6.2)."""
    account = f"{pod.namespace}:{pod.service_account}"
    for index, each in enumerate(policy.check_sets):
        scope = each.scope
        if scope is None or (scope.namespace == pod.namespace if scope.namespace else scope.service_account == account):
            return index, each
    return None

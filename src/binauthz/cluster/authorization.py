"""RBAC-lite: three levels of right, decided by group.

``system:masters`` may do everything. ``binauthz:viewers`` may read everything but Secrets. Everyone else who is
authenticated may do everything except change webhook configurations, which would switch enforcement off. Reviews about
oneself are open to all. Anonymous users have no rights here: the few paths they may see are outside this module.
"""

from dataclasses import dataclass

from binauthz.cluster.call import AUTHENTICATED, MASTERS, User

VIEWERS = "binauthz:viewers"
_READS = frozenset({"get", "list", "watch"})
_OWN_REVIEWS = frozenset({"selfsubjectreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews"})
_GUARDED = "admissionregistration.k8s.io"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What somebody wants to do."""

    verb: str
    group: str
    plural: str
    subresource: str = ""
    namespace: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Ruling:
    """Whether it is allowed, and why."""

    allowed: bool
    reason: str


def rule(user: User, attempt: Attempt) -> Ruling:  # noqa: PLR0911 - one line a level.
    """Decide one attempt."""
    if MASTERS in user.groups:
        return Ruling(True, f'granted to group "{MASTERS}"')
    if attempt.verb == "create" and attempt.plural in _OWN_REVIEWS:
        return Ruling(True, "reviews of one's own rights are open to all")
    if VIEWERS in user.groups:
        reads = attempt.verb in _READS and attempt.plural != "secrets"
        return Ruling(reads, f'group "{VIEWERS}" reads everything but secrets')
    if AUTHENTICATED not in user.groups:
        return Ruling(False, "")
    if attempt.group == _GUARDED and attempt.verb not in _READS:
        return Ruling(False, f'webhook configurations are changed by group "{MASTERS}" only')
    if attempt.verb == "impersonate":
        return Ruling(False, f'only group "{MASTERS}" impersonates')
    return Ruling(True, f'granted to group "{AUTHENTICATED}"')


def refusal(user: User, attempt: Attempt) -> str:
    """Kubernetes' sentence for a denied attempt, after ``is forbidden:``."""
    plural = f"{attempt.plural}/{attempt.subresource}" if attempt.subresource else attempt.plural
    where = f'in the namespace "{attempt.namespace}"' if attempt.namespace else "at the cluster scope"
    said = f'User "{user.name}" cannot {attempt.verb} resource "{plural}" in API group "{attempt.group}" {where}'
    reason = rule(user, attempt).reason
    return f"{said}: {reason}" if reason else said

"""What a rule by itself says of the images it judges, before any evidence is looked at.

Each way in which a policy can be empty or unknown is a ground of its own with an explicit answer; nothing is vacuously
true.
"""

import enum

from binauthz.base.limits import MAX_ATTESTED_IMAGES
from binauthz.policy.model import EvaluationMode
from binauthz.policy.scopes import Ruling, Scope


class Ground(enum.Enum):
    """What an image's verdict rests on."""

    EXEMPT = enum.auto()
    ALWAYS_ALLOW = enum.auto()
    ALWAYS_DENY = enum.auto()
    ATTESTORS = enum.auto()
    NO_DEFAULT_RULE = enum.auto()
    NO_EVALUATION_MODE = enum.auto()
    NO_ATTESTORS = enum.auto()
    TOO_MANY_IMAGES = enum.auto()
    AMBIGUOUS_RULES = enum.auto()


def ground_of(ruling: Ruling, images: int) -> Ground:  # noqa: PLR0911 - every arm answers
    """The ground on which this many images that are not exempt stand; ATTESTORS where evidence is needed."""
    if ruling.scope is Scope.AMBIGUOUS:
        return Ground.AMBIGUOUS_RULES
    if ruling.rule is None:
        return Ground.NO_DEFAULT_RULE
    match ruling.rule.evaluation_mode:
        case EvaluationMode.REQUIRE_ATTESTATION:
            if not ruling.rule.require_attestations_by:
                return Ground.NO_ATTESTORS
            return Ground.ATTESTORS if images <= MAX_ATTESTED_IMAGES else Ground.TOO_MANY_IMAGES
        case EvaluationMode.ALWAYS_ALLOW:
            return Ground.ALWAYS_ALLOW
        case EvaluationMode.ALWAYS_DENY:
            return Ground.ALWAYS_DENY
        case EvaluationMode.UNSPECIFIED:
            return Ground.NO_EVALUATION_MODE

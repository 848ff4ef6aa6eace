"""Which evidence the chosen rule requires, and no more (D2).

The caller fetches the attestors named, then the attestations for each pair of an attestor's note and a digest.
"""

from dataclasses import dataclass

from binauthz.base.image import parse_image
from binauthz.policy.exemptions import exemptions
from binauthz.policy.grounds import Ground, ground_of
from binauthz.policy.model import Policy
from binauthz.policy.scopes import Ruling, choose
from binauthz.policy.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """Attestor resource names, and digests as 64 hexadecimal digits; each once, in order. Both empty or neither."""

    attestors: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()


NOTHING = Needs()


def needs(
    subject: Subject, policy: Policy, system_policy: Policy | None, *, bare_name_covers_tags: bool = False
) -> Needs:
    """What must be fetched before the subject can be decided."""
    ruling = choose(policy, subject)
    if ground_of(ruling, 1) is not Ground.ATTESTORS:
        return NOTHING
    exempt = exemptions(policy, system_policy, bare_name_covers_tags=bare_name_covers_tags)
    judged = [image for image in subject.distinct_images() if exempt(image) is None]
    if ground_of(ruling, len(judged)) is not Ground.ATTESTORS:
        return NOTHING
    digests = tuple(dict.fromkeys([digest for image in judged if (digest := parse_image(image).digest) is not None]))
    return Needs(attestors=required_attestors(ruling), digests=digests) if digests else NOTHING


def required_attestors(ruling: Ruling) -> tuple[str, ...]:
    """The attestors that must all be satisfied; one that is listed twice is one attestor (B62)."""
    return tuple(dict.fromkeys(ruling.rule.require_attestations_by)) if ruling.rule is not None else ()

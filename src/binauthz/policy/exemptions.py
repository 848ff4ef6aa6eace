"""Which images no rule judges: the system policy's allowlist first, then the policy's own (SPEC 1.3).

An exemption is about one image by itself; nothing combines two entries into more than either (B24).
"""

import enum
from collections.abc import Callable
from dataclasses import dataclass

from binauthz.base.patterns import allowlist
from binauthz.policy.model import GlobalEvaluation, Policy


class AllowlistOwner(enum.Enum):
    """Whose allowlist exempted an image."""

    SYSTEM_POLICY = enum.auto()
    POLICY = enum.auto()


@dataclass(frozen=True, slots=True)
class Exemption:
    """The pattern that exempted an image, so that no exemption is silent (B83)."""

    owner: AllowlistOwner
    pattern: str


def exemptions(
    policy: Policy, system_policy: Policy | None, *, bare_name_covers_tags: bool
) -> Callable[[str], Exemption | None]:
    """A function from image to the exemption it has, if any.

    The system policy counts only under ENABLE; UNSPECIFIED means DISABLE (SPEC 13.14). A missing system policy exempts
    nothing.
    """
    own = allowlist(policy.allowlist, bare_name_covers_tags=bare_name_covers_tags)
    system = None
    if system_policy is not None and policy.global_evaluation is GlobalEvaluation.ENABLE:
        system = allowlist(system_policy.allowlist, bare_name_covers_tags=bare_name_covers_tags)

    def of(image: str) -> Exemption | None:
        if system is not None and (pattern := system.match(image)) is not None:
            return Exemption(AllowlistOwner.SYSTEM_POLICY, pattern)
        if (pattern := own.match(image)) is not None:
            return Exemption(AllowlistOwner.POLICY, pattern)
        return None

    return of

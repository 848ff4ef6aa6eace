"""What can go wrong between us and a registry, told apart because different things follow from each."""

import enum


class Trouble(enum.Enum):
    """A class of failure."""

    MISSING = "it holds no such thing"
    DENIED = "it wants credentials other than those configured"
    UNREACHABLE = "it gave no answer in time"
    FAILED = "it answered with an error"
    ELSEWHERE = "it points to an address that is not configured"
    DISHONEST = "its answer does not hash to the digest it goes by"
    MALFORMED = "its answer is not of the form that the specification gives"
    TOO_LARGE = "its answer exceeds a limit"


class RegistryTrouble(Exception):  # noqa: N818 - reads as what there is
    """A registry could not be used; the message names what was got and expected, and never a credential."""

    def __init__(self, trouble: Trouble, detail: str) -> None:
        super().__init__(f"{trouble.value}: {detail}")
        self.trouble = trouble

"""Amounts of a resource, such as ``250m`` or ``1Gi``."""

import re
from decimal import Decimal

_FORM = re.compile(
    r"([+-]?[0-9]{1,30}(?:\.[0-9]{0,30})?|[+-]?\.[0-9]{1,30})(?:([eE][+-]?[0-9]{1,2})|([numkMGTPE]i?|Ki))?"
)
_POWERS = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


def parse_quantity(value: object) -> Decimal | None:
    """The amount; None when it is not one."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    written = str(value)
    found = _FORM.fullmatch(written) if len(written) <= 70 else None
    if found is None:
        return None
    number, exponent, suffix = found.groups()
    amount = Decimal(number + (exponent or ""))
    if suffix in _BINARY:
        return amount * Decimal(1024 ** _BINARY[suffix])
    if suffix and suffix not in _POWERS:
        return None
    return amount.scaleb(_POWERS[suffix]) if suffix else amount


def quantity(value: object) -> Decimal:
    """The amount, with anything else read as 0."""
    return parse_quantity(value) or Decimal(0)

"""Break a document that was right: JSON trees by value, bytes by position."""

import copy
import random
from typing import Any

from tests.fuzz import vocabulary


def mutated(rng: random.Random, document: Any) -> Any:
    """A copy with one node replaced, dropped, doubled or renamed."""
    made = copy.deepcopy(document)
    holders = [holder for holder in _holders(made) if holder]
    if not holders:
        return odd(rng)
    holder = rng.choice(holders)
    key = rng.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    match rng.randrange(6):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        case 2 if isinstance(holder, dict):
            holder[rng.choice(["invented", key.upper(), "", "@type", rng.choice(vocabulary.ODD)])] = holder.pop(key)
        case 3:
            holder[key] = rng.choice(vocabulary.NAMES)
        case _:
            holder[key] = odd(rng)
    return made


def _holders(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return [node, *(found for child in node.values() for found in _holders(child))]
    if isinstance(node, list):
        return [node, *(found for child in node for found in _holders(child))]
    return []


def odd(rng: random.Random) -> Any:
    """A value that is probably of the wrong type or size."""
    match rng.randrange(8):
        case 0:
            return None
        case 1:
            return rng.choice([*vocabulary.NUMBERS, 1.5, -0.0, 1e308, 10**30])
        case 2:
            return rng.choice(vocabulary.ODD)
        case 3:
            return rng.choice([True, False])
        case 4:
            return []
        case 5:
            return {}
        case 6:
            return [rng.choice(vocabulary.ODD)] * rng.choice([1, 3, 300])
        case _:
            return nested(rng.choice([5, 30, 99, 101, 150]), rng.random() < 0.5)


def nested(depth: int, lists: bool) -> Any:
    """A value inside a value, and so on."""
    made: Any = 1
    for _ in range(depth):
        made = [made] if lists else {"a": made}
    return made


RAW = [
    b"",
    b"{",
    b"null",
    b"[]",
    b"0",
    b'"text"',
    b"{}{}",
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
    b'{"a": "\xc3\x28"}',
    b'{"name": "\\ud800"}',
    b'{"name": "\\u0000"}',
    b'{"name": 1e999999}',
    b'{"name": ' + b"9" * 20_000 + b"}",
    b'{"name": -0.0e-99999}',
    b'{"name": NaN}',
    b'{"name": "a", "name": "b"}',
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b'{"a": [' + b"1," * 50_000 + b"1]}",
    b"{" + b",".join(b'"k%d": 1' % number for number in range(20_000)) + b"}",
    b'{"name": "' + b"a" * 1_000_000 + b'"}',
    b"a" * 100_000,
]


def garbled(rng: random.Random, body: bytes) -> bytes:
    """Bytes with a few flipped, cut, doubled or put in."""
    made = bytearray(body)
    for _ in range(rng.choice([1, 1, 2, 5])):
        where = rng.randrange(len(made) + 1)
        match rng.randrange(5):
            case 0 if made:
                made[where % len(made)] ^= 1 << rng.randrange(8)
            case 1:
                del made[where:]
            case 2:
                made[where:where] = rng.randbytes(rng.choice([1, 4, 16]))
            case 3:
                made[where:where] = made[: rng.randrange(64)]
            case _:
                # Length-delimited and group tags nest; varints may never end.
                made[where:where] = rng.choice(
                    [b"\x0a" * 200, b"\xff" * 12, b"\x0b" * 200, b"\x0a\xff\xff\xff\xff\x0f"]
                )
    return bytes(made[:2_000_000])

"""Ports for the doors.

A free port that is chosen here is bound by another process a moment later. It is therefore taken from below the range
that the kernel gives to outgoing connections, so that none of those is in the way by then.
"""

import random
import socket
from contextlib import ExitStack

_QUIET = range(10_000, 32_000)
_ATTEMPTS = 200


class PortTaken(OSError):  # noqa: N818 - reads as what happened
    """A port cannot be used; the message says which and why."""


def free_ports(first: int, count: int, host: str) -> list[int]:
    """Neighbouring ports from ``first``, or free ones when it is 0; raises PortTaken."""
    last = 65536 - count
    if not 0 <= first <= last:
        raise PortTaken(f"--port takes 0 to {last}, got {first}")
    with ExitStack() as held:
        if first:
            return [_given(held, host, port) for port in range(first, first + count)]
        return [_any(held, host) for _ in range(count)]


def _given(held: ExitStack, host: str, port: int) -> int:
    listener = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    # What a server that ended a moment ago left of its connections keeps nobody from its port.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        raise PortTaken(f"port {port} on {host} cannot be used: {error.strerror}; try --port 0") from error
    return port


def _any(held: ExitStack, host: str) -> int:
    listener = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    for port in random.SystemRandom().sample(_QUIET, _ATTEMPTS):
        try:
            listener.bind((host, port))
        except OSError:
            continue
        return port
    raise PortTaken(f"no free port was found on {host}")

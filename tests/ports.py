"""Ports for servers that tests start."""

from binauthz.app.ports import PortTaken, free_ports


def neighbouring(count: int) -> int:
    """The first of ``count`` neighbouring ports of 127.0.0.1 that are free at this moment."""
    for _ in range(50):
        (first,) = free_ports(0, 1, "127.0.0.1")
        try:
            return free_ports(first, count, "127.0.0.1")[0]
        except PortTaken:
            continue
    raise AssertionError(f"no {count} neighbouring ports are free")

"""What is committed under ``tests/vectors/cases`` is what the generator makes from the fixed keys, byte for byte."""

import subprocess
from collections.abc import Callable

import pytest
from tools.make_vectors import stale


def test_pkix_and_token_cases() -> None:
    assert stale("plain") == []


@pytest.mark.clients
def test_pgp_cases(need: Callable[[str], str]) -> None:
    """Another release of GnuPG may choose other bytes for the same message; the cases come from 2.2."""
    shown = subprocess.run([need("gpg"), "--version"], capture_output=True, check=True).stdout.decode()
    if not shown.startswith("gpg (GnuPG) 2.2."):
        pytest.skip(f"the cases were made with GnuPG 2.2, here is {shown.splitlines()[0]}")
    assert stale("pgp") == []

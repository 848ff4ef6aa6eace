"""What an operator may say of a registry."""

from pathlib import Path
from typing import Any

import pytest

from binauthz.base.clock import SystemClock
from binauthz.sources.registry import InvalidRegistry, Registries, Registry, RegistrySettings

REPOSITORY = "projects/p/locations/us/repositories/r"


def settings(**more: Any) -> RegistrySettings:
    return RegistrySettings(**{"repository": REPOSITORY, "url": "https://registry.example.com", **more})


@pytest.mark.parametrize(
    ("url", "namespace"),
    [
        ("https://registry.example.com", ""),
        ("https://registry.example.com/", ""),
        ("https://registry.example.com:5000/team/a/", "team/a/"),
        ("http://localhost:5000/team", "team/"),
        ("http://127.0.0.1:5000", ""),
        ("http://[::1]:5000", ""),
    ],
)
def test_an_address_may_hold_a_namespace(url: str, namespace: str) -> None:
    assert settings(url=url).namespace == namespace


@pytest.mark.parametrize(
    "change",
    [
        {"url": ""},
        {"url": "registry.example.com"},
        {"url": "ftp://registry.example.com"},
        {"url": "http://registry.example.com"},
        {"url": "https://user:secret@registry.example.com"},
        {"url": "https://registry.example.com?x=1"},
        {"url": "https://registry.example.com#x"},
        {"url": "https://registry.example.com:99999"},
        {"url": "https://registry.example.com/A"},
        {"url": "https://registry.example.com/a/../b"},
        {"url": "https://registry.example.com/a//b"},
        {"url": "https://[::1"},
        {"repository": "projects/p/repositories/r"},
        {"repository": f"{REPOSITORY}/packages/x"},
        {"prefixes": ("a b",)},
        {"prefixes": ("a/../b",)},
        {"packages": ("A",)},
        {"token_realm": "http://auth.example.com/token"},
        {"redirect_origins": ("http://storage.example.com",)},
        {"redirect_origins": ("https://storage.example.com/x",)},
    ],
)
def test_what_could_send_us_or_a_secret_elsewhere_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidRegistry, match=next(iter(change))) as caught:
        settings(**change)
    assert "secret" not in str(caught.value)


def test_plain_http_to_another_machine_is_asked_for_by_its_name() -> None:
    assert settings(url="http://registry.internal:5000", unsafe_plain_http=True).namespace == ""


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_text("")
    for more in (
        {"credentials_file": str(tmp_path / "absent")},
        {"credentials_file": str(empty)},
        {"ca_file": str(tmp_path / "absent")},
        {"ca_file": str(empty)},
    ):
        with pytest.raises(InvalidRegistry, match=next(iter(more))):
            Registry(settings(**more), clock=SystemClock())


def test_two_registries_do_not_share_a_repository_or_a_prefix() -> None:
    other = settings(repository=f"{REPOSITORY}2")
    for pair in (
        [settings(), settings()],
        [settings(prefixes=("localhost:5000",)), settings(repository=f"{REPOSITORY}2", prefixes=("localhost:5000",))],
        [settings(), settings(repository=f"{REPOSITORY}2", prefixes=("us-docker.pkg.dev/p/r",))],
    ):
        with pytest.raises(InvalidRegistry):
            Registries(pair)
    assert [each.settings for each in Registries([other, settings()]).all()] == [settings(), other]

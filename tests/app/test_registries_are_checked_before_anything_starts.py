"""Registries on the command line and in the file."""

from pathlib import Path

import pytest

from binauthz.app.configuration_file import InvalidConfiguration, configure
from binauthz.app.registries import with_registries

FILE = """
[[registries]]
repository = "projects/demo-project/locations/eu/repositories/team"
url = "https://registry.example.com/team"
prefixes = ["registry.example.com/team"]
"""


def test_those_given_are_added_to_those_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "binauthz.toml"
    file.write_text(FILE)
    found = configure(file=file, variables={}, flags={})
    both = with_registries(
        found, ["us/containers=http://localhost:5000", "projects/p/locations/eu/repositories/x=https://x.example.com"]
    )
    assert [(each.repository, each.url) for each in both.sections.registries] == [
        ("projects/demo-project/locations/eu/repositories/team", "https://registry.example.com/team"),
        ("projects/demo-project/locations/us/repositories/containers", "http://localhost:5000"),
        ("projects/p/locations/eu/repositories/x", "https://x.example.com"),
    ]
    assert both.origins["registries"] == f"from {file} and --registry"
    assert with_registries(found, []).sections == found.sections


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("us/containers", "expected REPOSITORY=URL"),
        ("us/containers=", "url"),
        ("containers=http://localhost:5000", "repository"),
        ("us/containers=http://registry.example.com", "unsafe_plain_http"),
        ("us/containers=https://user:secret@registry.example.com", "credentials in the URL"),
    ],
)
def test_a_mistake_is_said_without_its_secret(given: str, said: str) -> None:
    with pytest.raises(InvalidConfiguration, match=said) as caught:
        with_registries(configure(file=None, variables={}, flags={}), [given])
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('url = "http://registry.example.com"', "registries"),
        ('url = "https://r.example.com"\ncolor = "red"', "color"),
        ('url = "https://r.example.com"\nredirect_origins = ["https://s.example.com/x"]', "redirect_origins"),
    ],
)
def test_a_mistake_in_the_file_names_the_key(tmp_path: Path, line: str, said: str) -> None:
    file = tmp_path / "binauthz.toml"
    file.write_text(f'[[registries]]\nrepository = "projects/p/locations/us/repositories/r"\n{line}\n')
    with pytest.raises(InvalidConfiguration, match=said):
        configure(file=file, variables={}, flags={})


def test_a_file_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    file = tmp_path / "binauthz.toml"
    file.write_text(f'{FILE}credentials_file = "{tmp_path / "absent"}"\n')
    found = configure(file=file, variables={}, flags={})
    with pytest.raises(InvalidConfiguration, match="credentials_file"):
        with_registries(found, [])
    twice = "eu/team=https://other.example.com"
    file.write_text(FILE)
    with pytest.raises(InvalidConfiguration, match="twice"):
        with_registries(configure(file=file, variables={}, flags={}), [twice])

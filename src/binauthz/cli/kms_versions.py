"""``binauthz kms versions``: the versions of a key, which are what signs."""

from dataclasses import dataclass

import click

from binauthz.cli import kms_keys
from binauthz.cli.output import format_option, show
from binauthz.cli.session import Json, Session, directory_option
from binauthz.cli.verbs import add_describe, add_list, below_location

KEY = below_location("[LOCATION/]RING/KEY", "keyRings", "cryptoKeys", default="global")
VERSION = below_location("[LOCATION/]RING/KEY/VERSION", "keyRings", "cryptoKeys", "cryptoKeyVersions", default="global")


@click.group("versions")
def versions() -> None:
    """Create, list, switch off and destroy the versions of a key, and print their public keys."""


add_list(
    versions,
    "List the versions of a key.",
    KEY,
    "cryptoKeyVersions",
    {
        "VERSION": lambda v: v["name"].rpartition("/")[2],
        "STATE": lambda v: v.get("state", ""),
        "ALGORITHM": lambda v: v.get("algorithm", ""),
        "CREATED": lambda v: v.get("createTime", ""),
        "DESTROYED": lambda v: v.get("destroyEventTime", v.get("destroyTime", "")),
    },
)
add_describe(versions, VERSION)


@versions.command("create")
@KEY.named
@directory_option
@format_option("yaml")
def create(name: str, directory: str | None, style: str) -> None:
    """Create the next version of a key, with the key's algorithm. Attestors need its public key too."""
    session = Session.open(directory)
    show(session.call("POST", f"/v1/{KEY.full_name(session, name)}/cryptoKeyVersions", {}), style)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """A verb that moves a version from one state to another."""

    verb: str
    about: str
    state: str = ""

    def ask(self, session: Session, path: str) -> Json:
        """Have it changed: by an update of its state, else by the method of the verb's name."""
        if self.state:
            return session.call("PATCH", path, {"state": self.state}, {"updateMask": "state"})
        return session.call("POST", f"{path}:{self.verb}", {})


_CHANGES = (
    _Change(verb="enable", about="Let a version sign again.", state="ENABLED"),
    _Change(
        verb="disable",
        about="Keep a version from signing until it is enabled; what it signed stays valid.",
        state="DISABLED",
    ),
    _Change(
        verb="destroy",
        about="Schedule a version's destruction. It signs no more; until its time has come it can be restored.",
    ),
    _Change(verb="restore", about="Call off the destruction of a version, which is disabled from then on."),
)


def _add(change: _Change) -> None:
    @versions.command(change.verb, help=change.about)
    @VERSION.named
    @directory_option
    @format_option("yaml")
    def move(name: str, directory: str | None, style: str) -> None:
        session = Session.open(directory)
        show(change.ask(session, f"/v1/{VERSION.full_name(session, name)}"), style)


for _change in _CHANGES:
    _add(_change)


@versions.command("get-public-key")
@VERSION.named
@directory_option
def get_public_key(name: str, directory: str | None) -> None:
    """Print the public key as PEM, as `attestors public-keys add` takes it."""
    session = Session.open(directory)
    pem, _ = kms_keys.public_key(session, VERSION.full_name(session, name))
    click.echo(pem, nl=not pem.endswith("\n"))

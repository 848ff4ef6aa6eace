"""``binauthz kms``: key rings, keys and versions of keys that sign, and signatures by them (SPEC 3.6, docs/keys.md)."""

import click

from binauthz.cli.iam import add_iam_verbs
from binauthz.cli.kms_crypto_keys import RING, keys
from binauthz.cli.kms_sign import sign
from binauthz.cli.kms_versions import versions
from binauthz.cli.output import format_option, show
from binauthz.cli.session import Session, directory_option
from binauthz.cli.verbs import add_describe, add_list, location


@click.group("kms")
def command() -> None:
    """Keep signing keys on the server: key rings, keys, their versions, and signatures.

    A ring is named `RING`, a key `RING/KEY` and a version `RING/KEY/N`, in location `global` unless a location goes
    before; or each by its full name.

    \b
    For example:
      binauthz kms keyrings create release
      binauthz kms keys create release/signer
      binauthz kms versions get-public-key release/signer/1
      binauthz kms sign release/signer/1 --input-file FILE --signature-file FILE.sig
    """


@command.group("keyrings")
def keyrings() -> None:
    """Create and list key rings, and say who may use the keys in one."""


command.add_command(keys)
command.add_command(versions)
command.add_command(sign)
add_list(
    keyrings,
    "List the key rings of a location.",
    location("global"),
    "keyRings",
    {"NAME": lambda r: r["name"].rpartition("/")[2], "CREATED": lambda r: r.get("createTime", "")},
)
add_describe(keyrings, RING)
add_iam_verbs(keyrings, RING)


@keyrings.command("create")
@RING.named
@directory_option
@format_option("yaml")
def create_ring(name: str, directory: str | None, style: str) -> None:
    """Create a key ring. It is never deleted, so that a name never means another ring later."""
    session = Session.open(directory)
    parent, _, ring = RING.full_name(session, name).rpartition("/")
    show(session.call("POST", f"/v1/{parent}", {}, {"keyRingId": ring}), style)

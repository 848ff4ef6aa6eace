"""``binauthz attestors public-keys``: read, change, write back, as there is no other way (SPEC 2.3)."""

from pathlib import Path
from typing import Any

import click

from binauthz.cli import complete, kms_keys
from binauthz.cli.documents import read_text
from binauthz.cli.keys import algorithm_option, canonical
from binauthz.cli.output import format_option, show
from binauthz.cli.session import Json, Session, directory_option
from binauthz.cli.verbs import full_name


@click.group("public-keys")
def command() -> None:
    """List, add, update and remove the public keys of an attestor."""


@command.command("list")
@click.argument("attestor", shell_complete=complete.attestors)
@directory_option
@format_option()
def list_(attestor: str, directory: str | None, style: str) -> None:
    """List the keys that ATTESTOR trusts."""
    _, current = _read(Session.open(directory), attestor)
    show(
        _keys(current),
        style,
        {
            "ID": lambda k: k["id"],
            "ALGORITHM": lambda k: k.get("pkixPublicKey", {}).get("signatureAlgorithm", "OpenPGP"),
            "COMMENT": lambda k: k.get("comment", ""),
        },
    )


@command.command("add")
@click.argument("attestor", shell_complete=complete.attestors)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@kms_keys.keyversion_option("Trust this key of Cloud KMS instead; its id is its address.")
@algorithm_option
@click.option("--id", "key_id", default="", help="Key id (default: computed from the key).")
@click.option("--comment", default="", help="Free text.")
@directory_option
@format_option("yaml")
def add(
    attestor: str,
    file: Path | None,
    keyversion: str | None,
    algorithm: str,
    key_id: str,
    comment: str,
    directory: str | None,
    style: str,
) -> None:
    """Trust the public key in FILE (PEM, or an armored OpenPGP certificate) and print it with its id."""
    session = Session.open(directory)
    if file is not None and keyversion is None:
        added = _key(read_text(str(file)), canonical(algorithm), key_id, comment)
    elif keyversion is not None and file is None:
        pem, algorithm = kms_keys.public_key(session, keyversion)
        added = _key(pem, algorithm, key_id or kms_keys.key_id(session, keyversion), comment)
    else:
        raise click.ClickException("give FILE or --keyversion, and not both")
    path, current = _read(session, attestor)
    keys = _keys(current)
    known = {key["id"] for key in keys}
    current["userOwnedGrafeasNote"]["publicKeys"] = [*keys, added]
    updated = session.call("PUT", path, current)
    show([key for key in _keys(updated) if key["id"] not in known], style)


@command.command("update")
@click.argument("attestor", shell_complete=complete.attestors)
@click.argument("key_id")
@click.option("--comment", help="Free text.")
@click.option(
    "--file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Replace the key by this one."
)
@algorithm_option
@directory_option
@format_option("yaml")
def update(
    attestor: str,
    key_id: str,
    comment: str | None,
    file: Path | None,
    algorithm: str,
    directory: str | None,
    style: str,
) -> None:
    """Change the comment or the material of KEY_ID. The id of a PKIX key stays; an OpenPGP key brings its own."""
    if comment is None and file is None:
        raise click.ClickException("give --comment or --file")
    session = Session.open(directory)
    path, current = _read(session, attestor)
    keys = _keys(current)
    place = _place(keys, key_id, attestor)
    kept = keys[place].get("comment", "") if comment is None else comment
    changed = {**keys[place], "comment": kept}
    if file is not None:
        changed = _key(read_text(str(file)), canonical(algorithm), key_id, kept)
    current["userOwnedGrafeasNote"]["publicKeys"] = [*keys[:place], changed, *keys[place + 1 :]]
    show(_keys(session.call("PUT", path, current))[place], style)


@command.command("remove")
@click.argument("attestor", shell_complete=complete.attestors)
@click.argument("key_id")
@directory_option
def remove(attestor: str, key_id: str, directory: str | None) -> None:
    """Stop trusting KEY_ID. The very next Pod is judged without it."""
    session = Session.open(directory)
    path, current = _read(session, attestor)
    keys = _keys(current)
    place = _place(keys, key_id, attestor)
    current["userOwnedGrafeasNote"]["publicKeys"] = keys[:place] + keys[place + 1 :]
    session.call("PUT", path, current)


def _read(session: Session, attestor: str) -> tuple[str, Json]:
    path = f"/v1/{full_name(attestor, session.project, 'attestors')}"
    return path, session.call("GET", path)


def _keys(attestor: Json) -> list[Any]:
    return list(attestor["userOwnedGrafeasNote"].get("publicKeys", []))


def _place(keys: list[Any], key_id: str, attestor: str) -> int:
    ids = [key["id"] for key in keys]
    if key_id not in ids:
        raise click.ClickException(f"no key `{key_id}` on `{attestor}`; it has {ids}")
    return ids.index(key_id)


def _key(text: str, algorithm: str, key_id: str, comment: str) -> dict[str, Any]:
    if "BEGIN PGP" in text:
        return {"comment": comment, "asciiArmoredPgpPublicKey": text}
    material = {"publicKeyPem": text, "signatureAlgorithm": algorithm}
    return {"id": key_id, "comment": comment, "pkixPublicKey": material}

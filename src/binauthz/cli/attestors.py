"""``binauthz attestors``."""

from pathlib import Path
from typing import Any

import click

from binauthz.cli.documents import read_text
from binauthz.cli.keys import algorithm_option, canonical
from binauthz.cli.output import format_option, show
from binauthz.cli.session import ServerError, Session, directory_option


@click.group("attestors")
def command() -> None:
    """Manage attestors, their notes and public keys."""


@command.command("create")
@click.argument("attestor")
@click.option("--note", metavar="NOTE", help="The note attestations hang off (default: the attestor's id).")
@click.option("--description", default="", help="Free text.")
@directory_option
@format_option("yaml")
def create(attestor: str, note: str | None, description: str, directory: str | None, style: str) -> None:
    """Create ATTESTOR, and its note when there is none."""
    session = Session.open(directory)
    note_name = full_name(note or attestor, session.project, "notes")
    project, _, note_id = note_name.partition("/notes/")
    body = {"name": note_name, "attestation": {"hint": {"humanReadableName": attestor}}}
    try:
        session.call("POST", f"/v1/{project}/notes", body, {"noteId": note_id})
    except ServerError as error:
        if error.status != "ALREADY_EXISTS":
            raise
    made = session.call(
        "POST",
        f"/v1/projects/{session.project}/attestors",
        {
            "name": full_name(attestor, session.project, "attestors"),
            "description": description,
            "userOwnedGrafeasNote": {"noteReference": note_name},
        },
        {"attestorId": attestor},
    )
    show(made, style)


@command.command("list")
@directory_option
@format_option()
def list_(directory: str | None, style: str) -> None:
    """List the project's attestors."""
    session = Session.open(directory)
    found = list(session.pages(f"/v1/projects/{session.project}/attestors", "attestors"))
    show(
        found,
        style,
        {
            "NAME": lambda a: a["name"].rpartition("/")[2],
            "NOTE": lambda a: a["userOwnedGrafeasNote"]["noteReference"],
            "NUM_PUBLIC_KEYS": lambda a: len(a["userOwnedGrafeasNote"].get("publicKeys", [])),
        },
    )


@command.command("describe")
@click.argument("attestor")
@directory_option
@format_option("yaml")
def describe(attestor: str, directory: str | None, style: str) -> None:
    """Print ATTESTOR."""
    session = Session.open(directory)
    show(session.call("GET", f"/v1/{full_name(attestor, session.project, 'attestors')}"), style)


@command.command("delete")
@click.argument("attestor")
@directory_option
def delete(attestor: str, directory: str | None) -> None:
    """Delete ATTESTOR. A policy that requires it refuses from then on."""
    session = Session.open(directory)
    session.call("DELETE", f"/v1/{full_name(attestor, session.project, 'attestors')}")


@command.command("add-key")
@click.argument("attestor")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@algorithm_option
@click.option("--id", "key_id", default="", help="Key id (default: computed from the key).")
@click.option("--comment", default="", help="Free text.")
@directory_option
@format_option("yaml")
def add_key(
    attestor: str, file: Path, algorithm: str, key_id: str, comment: str, directory: str | None, style: str
) -> None:
    """Trust the public key in FILE (PEM, or an armored OpenPGP certificate) and print it with its id."""
    session = Session.open(directory)
    path = f"/v1/{full_name(attestor, session.project, 'attestors')}"
    current = session.call("GET", path)
    keys = current["userOwnedGrafeasNote"].setdefault("publicKeys", [])
    known = {key["id"] for key in keys}
    keys.append(_key(read_text(str(file)), algorithm, key_id, comment))
    updated = session.call("PUT", path, current)
    show([key for key in updated["userOwnedGrafeasNote"]["publicKeys"] if key["id"] not in known], style)


@command.command("remove-key")
@click.argument("attestor")
@click.argument("key_id")
@directory_option
def remove_key(attestor: str, key_id: str, directory: str | None) -> None:
    """Stop trusting KEY_ID. The very next Pod is judged without it."""
    session = Session.open(directory)
    path = f"/v1/{full_name(attestor, session.project, 'attestors')}"
    current = session.call("GET", path)
    keys = current["userOwnedGrafeasNote"].get("publicKeys", [])
    kept = [key for key in keys if key["id"] != key_id]
    if len(kept) == len(keys):
        raise click.ClickException(f"no key `{key_id}` on `{attestor}`; it has {[key['id'] for key in keys]}")
    current["userOwnedGrafeasNote"]["publicKeys"] = kept
    session.call("PUT", path, current)


def full_name(given: str, project: str, collection: str) -> str:
    """``projects/P/{collection}/ID`` from an id or a full name."""
    return given if given.startswith("projects/") else f"projects/{project}/{collection}/{given}"


def _key(text: str, algorithm: str, key_id: str, comment: str) -> dict[str, Any]:
    if "BEGIN PGP" in text:
        return {"comment": comment, "asciiArmoredPgpPublicKey": text}
    material = {"publicKeyPem": text, "signatureAlgorithm": canonical(algorithm)}
    return {"id": key_id, "comment": comment, "pkixPublicKey": material}

"""``binauthz attestations``."""

import base64
import itertools
import sys
from pathlib import Path
from typing import Any

import click

from binauthz.cli import complete, kms_keys
from binauthz.cli.output import format_option, show, talk
from binauthz.cli.session import Session, directory_option, limit_option
from binauthz.cli.verbs import full_name

_image = click.option("--image", required=True, metavar="REPOSITORY@sha256:DIGEST", help="The image, by digest.")
_private_key = click.option(
    "--private-key", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True, help="PEM file."
)
_algorithm = click.option("--algorithm", metavar="NAME", help="Default: what the key is usually used with.")


@click.group("attestations")
def command() -> None:
    """Sign, create, list, verify and delete attestations."""


@command.command("payload")
@_image
def payload(image: str) -> None:
    """Print the payload to sign, byte for byte what `gcloud ... create-signature-payload` prints."""
    sys.stdout.buffer.write(_payload(image))


@command.command("sign")
@_image
@_private_key
@_algorithm
@click.option("--pae", is_flag=True, help="Sign the DSSE pre-authentication encoding of the payload.")
@click.option(
    "--output", type=click.Path(path_type=Path), help="Write the raw signature here (default: base64, stdout)."
)
def sign(image: str, private_key: Path, algorithm: str | None, pae: bool, output: Path | None) -> None:
    """Sign the payload for an image, offline."""
    _, signature = _signed(image, private_key, algorithm, pae=pae)
    if output is None:
        click.echo(base64.b64encode(signature).decode())
    else:
        output.write_bytes(signature)


@command.command("create")
@_image
@click.option("--attestor", required=True, help="The attestor to attest for.", shell_complete=complete.attestors)
@click.option("--private-key", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Sign with this key.")
@click.option(
    "--signature", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Or use this signature."
)
@kms_keys.keyversion_option("Or have this key of Cloud KMS sign.")
@click.option("--key-id", help="Id of the key on the attestor (default: computed from the key).")
@_algorithm
@click.option("--pae", is_flag=True, help="Sign the DSSE pre-authentication encoding of the payload.")
@click.option("--dry-run", is_flag=True, help="Ask whether the attestor would accept it, print it, and store nothing.")
@directory_option
@format_option("yaml")
def create(
    image: str,
    attestor: str,
    private_key: Path | None,
    signature: Path | None,
    keyversion: str | None,
    key_id: str | None,
    algorithm: str | None,
    pae: bool,
    dry_run: bool,
    directory: str | None,
    style: str,
) -> None:
    """Attach an attestation for an image to the attestor's note.

    Give --private-key or --keyversion to sign now, or --signature with --key-id for a signature made by openssl, gpg
    or a KMS elsewhere. The server is asked first whether the signature verifies; one that does not is refused here.
    """
    session = Session.open(directory)
    if private_key is not None and signature is None and keyversion is None:
        key_id, signed = _signed(image, private_key, algorithm, pae=pae, key_id=key_id)
    elif keyversion is not None and private_key is None and signature is None:
        key_id = key_id or kms_keys.key_id(session, keyversion)
        signed = kms_keys.sign(session, keyversion, _message(image, pae=pae))
    elif signature is not None and key_id is not None and private_key is None and keyversion is None:
        signed = signature.read_bytes()
    else:
        raise click.ClickException("give --private-key, or --keyversion, or --signature together with --key-id")
    name = full_name(attestor, session.project, "attestors")
    note = session.call("GET", f"/v1/{name}")["userOwnedGrafeasNote"]["noteReference"]
    attestation = {
        "serializedPayload": base64.b64encode(_payload(image)).decode(),
        "signatures": [{"publicKeyId": key_id, "signature": base64.b64encode(signed).decode()}],
    }
    _check(session, name, {"attestation": attestation, "occurrenceNote": note, "occurrenceResourceUri": image})
    occurrence = {"kind": "ATTESTATION", "noteName": note, "resourceUri": image, "attestation": attestation}
    made = occurrence if dry_run else session.call("POST", f"/v1/projects/{session.project}/occurrences", occurrence)
    show(made, style)


@command.command("list")
@click.option("--attestor", required=True, shell_complete=complete.attestors)
@click.option("--image", help="Only attestations for this image's digest.")
@limit_option
@directory_option
@format_option()
def list_(attestor: str, image: str | None, limit: int | None, directory: str | None, style: str) -> None:
    """List the attestations attached to an attestor's note."""
    session = Session.open(directory)
    found = list(
        itertools.islice(_attestations(session, full_name(attestor, session.project, "attestors"), image), limit)
    )
    show(
        found,
        style,
        {
            "NAME": lambda o: o["name"],
            "IMAGE": lambda o: o["resourceUri"],
            "KEYS": lambda o: ",".join(s["publicKeyId"] for s in o["attestation"].get("signatures", [])),
            "CREATED": lambda o: o.get("createTime", ""),
        },
    )


@command.command("verify")
@_image
@click.option("--attestor", required=True, shell_complete=complete.attestors)
@directory_option
def verify(image: str, attestor: str, directory: str | None) -> None:
    """Say whether the attestor's attestations vouch for an image: exit 0 if one does, 2 if none does."""
    session = Session.open(directory)
    name = full_name(attestor, session.project, "attestors")
    note = session.call("GET", f"/v1/{name}")["userOwnedGrafeasNote"]["noteReference"]
    reasons = []
    for occurrence in _attestations(session, name, image):
        question = {
            "attestation": occurrence["attestation"],
            "occurrenceNote": note,
            "occurrenceResourceUri": occurrence["resourceUri"],
        }
        answer = session.call("POST", f"/v1/{name}:validateAttestationOccurrence", question)
        if answer.get("result") == "VERIFIED":
            click.echo(f"verified by {occurrence['name']}")
            return
        reasons.append(f"{occurrence['name']}: {answer.get('denialReason', '')}")
    for reason in reasons or ["no attestation names this digest"]:
        talk(reason)
    sys.exit(2)


@command.command("delete")
@click.argument("occurrence")
@directory_option
def delete(occurrence: str, directory: str | None) -> None:
    """Delete OCCURRENCE (`projects/P/occurrences/ID`). The very next Pod is judged without it."""
    session = Session.open(directory)
    session.call("DELETE", f"/v1/{full_name(occurrence, session.project, 'occurrences')}")


def _attestations(session: Session, attestor: str, image: str | None) -> Any:
    note = session.call("GET", f"/v1/{attestor}")["userOwnedGrafeasNote"]["noteReference"]
    query = {"pageSize": "1000"}
    if image is not None:
        digest = image.rpartition("@")[2]
        query["filter"] = f'has_suffix(resourceUrl, "{digest}")'
    return (o for o in session.pages(f"/v1/{note}/occurrences", "occurrences", query) if o["kind"] == "ATTESTATION")


def _check(session: Session, attestor: str, question: dict[str, Any]) -> None:
    answer = session.call("POST", f"/v1/{attestor}:validateAttestationOccurrence", question)
    if answer.get("result") != "VERIFIED":
        raise click.ClickException(f"the attestor would not accept this attestation: {answer.get('denialReason', '')}")


def _payload(image: str) -> bytes:
    from binauthz.attestation.payload import UnboundReferenceError, create_signature_payload  # noqa: PLC0415

    try:
        return create_signature_payload(image)
    except UnboundReferenceError as error:
        raise click.ClickException(str(error)) from None


def _message(image: str, *, pae: bool) -> bytes:
    """What is signed: the payload, or its pre-authentication encoding."""
    from binauthz.crypto.pae import pae as encoded  # noqa: PLC0415 - start-up time

    return encoded(_payload(image)) if pae else _payload(image)


def _signed(
    image: str, private_key: Path, algorithm: str | None, *, pae: bool, key_id: str | None = None
) -> tuple[str, bytes]:
    from binauthz.attestation.model import SignatureAlgorithm  # noqa: PLC0415 - start-up time
    from binauthz.cli.keys import canonical  # noqa: PLC0415
    from binauthz.crypto.errors import KeyRefusedError  # noqa: PLC0415
    from binauthz.crypto.pae import COSIGN_SIMPLE_SIGNING  # noqa: PLC0415
    from binauthz.crypto.pkix import load_public_key  # noqa: PLC0415
    from binauthz.crypto.signing import algorithm_for, public_pem_of, sign  # noqa: PLC0415

    pem = private_key.read_bytes()
    try:
        chosen = SignatureAlgorithm(canonical(algorithm)) if algorithm else algorithm_for(pem)
        signature = sign(pem, _payload(image), algorithm=chosen, dsse_type=COSIGN_SIMPLE_SIGNING if pae else None)
        return key_id or load_public_key(public_pem_of(pem), chosen).id, signature
    except (KeyRefusedError, ValueError) as error:
        raise click.ClickException(f"`{private_key}` cannot sign: {error}") from None

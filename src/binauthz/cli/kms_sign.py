"""``binauthz kms sign``: a signature over a file or a digest by a key that stays on the server."""

import sys
from pathlib import Path

import click

from binauthz.cli import kms_keys
from binauthz.cli.kms_versions import VERSION
from binauthz.cli.session import Session, directory_option


@click.command("sign")
@VERSION.named
@click.option(
    "--input-file",
    "source",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    help="What to sign; `-` is stdin. Its digest alone is sent.",
)
@click.option("--digest", metavar="ALGORITHM:HEX", help="Or its digest, for example `sha256:` and 64 digits.")
@click.option(
    "--signature-file",
    "target",
    type=click.Path(dir_okay=False, allow_dash=True),
    required=True,
    help="File to write the signature to, as raw bytes; `-` is stdout.",
)
@directory_option
def sign(name: str, source: str | None, digest: str | None, target: str, directory: str | None) -> None:
    """Sign a file, or a digest that was made elsewhere, with a version of a key.

    `openssl dgst -sha256 -verify PUBLIC_KEY -signature SIGNATURE FILE` verifies what a key with SHA-256 signed.
    """
    if (source is None) == (digest is None):
        raise click.ClickException("give --input-file or --digest, and not both")
    session = Session.open(directory)
    version = VERSION.full_name(session, name)
    if digest is not None:
        function, value = _digest(digest)
        signature = kms_keys.sign_digest(session, version, function, value)
    else:
        message = sys.stdin.buffer.read() if source == "-" else Path(str(source)).read_bytes()
        signature = kms_keys.sign(session, version, message)
    if target == "-":
        sys.stdout.buffer.write(signature)
    else:
        Path(target).write_bytes(signature)


def _digest(given: str) -> tuple[str, bytes]:
    function, _, digits = given.partition(":")
    length = kms_keys.DIGEST_BYTES.get(function)
    if length is None:
        raise click.ClickException(
            f"got the digest `{given}`, expected one of {', '.join(kms_keys.DIGEST_BYTES)} first"
        )
    try:
        value = bytes.fromhex(digits)
    except ValueError:
        value = b""
    if len(digits) != 2 * length or len(value) != length:
        raise click.ClickException(
            f"got the digest `{given}`, expected {function}: and {2 * length} hexadecimal digits"
        )
    return function, value

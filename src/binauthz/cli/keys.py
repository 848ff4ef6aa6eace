"""``binauthz keys``."""

from pathlib import Path

import click

from binauthz.cli.output import show

_ALGORITHMS = [
    "ecdsa-p256-sha256",
    "ecdsa-p384-sha384",
    "ecdsa-p521-sha512",
    "rsa-pss-2048-sha256",
    "rsa-pss-3072-sha256",
    "rsa-pss-4096-sha256",
    "rsa-pss-4096-sha512",
    "rsa-sign-pkcs1-2048-sha256",
    "rsa-sign-pkcs1-3072-sha256",
    "rsa-sign-pkcs1-4096-sha256",
    "rsa-sign-pkcs1-4096-sha512",
]

algorithm_option = click.option(
    "--algorithm", type=click.Choice(_ALGORITHMS), default=_ALGORITHMS[0], show_default=True, help="Of the key."
)


def canonical(algorithm: str) -> str:
    """``ecdsa-p256-sha256`` as the API spells it."""
    return algorithm.upper().replace("-", "_")


@click.group("keys")
def command() -> None:
    """Generate signing keys."""


@command.command("generate")
@click.option("--private-key", type=click.Path(path_type=Path), required=True, help="File to write; must not exist.")
@click.option("--public-key", type=click.Path(path_type=Path), required=True, help="File to write; must not exist.")
@algorithm_option
@click.option("--format", "style", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True)
def generate(private_key: Path, public_key: Path, algorithm: str, style: str) -> None:
    """Make a key pair and print its id.

    The private key is written unencrypted, readable by you alone; an existing file is never replaced.
    """
    from binauthz.app.secret_file import write_secret  # noqa: PLC0415 - start-up time
    from binauthz.attestation.model import SignatureAlgorithm  # noqa: PLC0415
    from binauthz.crypto.signing import generate_key_pair  # noqa: PLC0415

    if private_key.resolve() == public_key.resolve():
        raise click.ClickException("--private-key and --public-key are the same file")
    for file in (private_key, public_key):
        if file.exists():
            raise click.ClickException(f"`{file}` exists; keys are never replaced")
    pair = generate_key_pair(SignatureAlgorithm(canonical(algorithm)))
    write_secret(private_key, pair.private_pem)
    public_key.write_text(pair.public_pem)
    show({"id": pair.id, "algorithm": pair.algorithm.value, "publicKey": str(public_key)}, style)

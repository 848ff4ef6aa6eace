"""``binauthz kms keys``: keys that sign, in versions."""

import click

from binauthz.cli import kms_keys
from binauthz.cli.clusters import labels_of
from binauthz.cli.durations import duration
from binauthz.cli.iam import add_iam_verbs
from binauthz.cli.kms_versions import KEY
from binauthz.cli.output import format_option, show
from binauthz.cli.session import Json, Session, directory_option
from binauthz.cli.verbs import add_describe, add_list, below_location

RING = below_location("[LOCATION/]RING", "keyRings", default="global")
ALGORITHMS = [
    "ec-sign-p256-sha256",
    "ec-sign-p384-sha384",
    "rsa-sign-pss-2048-sha256",
    "rsa-sign-pss-3072-sha256",
    "rsa-sign-pss-4096-sha256",
    "rsa-sign-pss-4096-sha512",
    "rsa-sign-pkcs1-2048-sha256",
    "rsa-sign-pkcs1-3072-sha256",
    "rsa-sign-pkcs1-4096-sha256",
    "rsa-sign-pkcs1-4096-sha512",
]


@click.group("keys")
def keys() -> None:
    """Create, change and list keys, and say who may use one."""


add_list(
    keys,
    "List the keys of a ring.",
    RING,
    "cryptoKeys",
    {
        "NAME": lambda k: k["name"].rpartition("/")[2],
        "ALGORITHM": lambda k: k.get("versionTemplate", {}).get("algorithm", ""),
        "PROTECTION_LEVEL": lambda k: k.get("versionTemplate", {}).get("protectionLevel", ""),
        "LABELS": lambda k: ",".join(f"{name}={value}" for name, value in sorted(k.get("labels", {}).items())),
    },
)
add_describe(keys, KEY)
add_iam_verbs(keys, KEY)
_labels = click.option("--label", "labels", multiple=True, metavar="KEY=VALUE", help="A label; may be repeated.")


@keys.command("create")
@KEY.named
@click.option(
    "--algorithm", type=click.Choice(ALGORITHMS), default=ALGORITHMS[0], show_default=True, help="Of its versions."
)
@click.option(
    "--protection-level",
    "level",
    type=click.Choice(["software", "hsm"]),
    default="software",
    show_default=True,
    help="Kept sealed in the store, or on the server's PKCS #11 token.",
)
@_labels
@click.option(
    "--destroy-scheduled-duration",
    "destroy_after",
    metavar="DURATION",
    help="How long a destroyed version can be restored: a number and s, m, h, d or w (default: 30d).",
)
@click.option("--skip-initial-version", is_flag=True, help="Make no version yet.")
@directory_option
@format_option("yaml")
def create_key(
    name: str,
    algorithm: str,
    level: str,
    labels: tuple[str, ...],
    destroy_after: str | None,
    skip_initial_version: bool,
    directory: str | None,
    style: str,
) -> None:
    """Create a key that signs, and its version 1. Its purpose and protection level never change."""
    session = Session.open(directory)
    parent, _, key = KEY.full_name(session, name).rpartition("/")
    template = {"algorithm": kms_keys.spelt(algorithm), "protectionLevel": level.upper()}
    body: Json = {"purpose": "ASYMMETRIC_SIGN", "versionTemplate": template, "labels": labels_of(labels)}
    if destroy_after is not None:
        seconds = duration("--destroy-scheduled-duration", destroy_after).total_seconds()
        body["destroyScheduledDuration"] = f"{seconds:.0f}s"
    query = {"cryptoKeyId": key, **({"skipInitialVersionCreation": "true"} if skip_initial_version else {})}
    show(session.call("POST", f"/v1/{parent}", body, query), style)


@keys.command("update")
@KEY.named
@click.option("--algorithm", type=click.Choice(ALGORITHMS), help="Of versions that are created from now on.")
@_labels
@click.option("--clear-labels", is_flag=True, help="Take every label away.")
@directory_option
@format_option("yaml")
def update_key(
    name: str,
    algorithm: str | None,
    labels: tuple[str, ...],
    clear_labels: bool,
    directory: str | None,
    style: str,
) -> None:
    """Change the algorithm of new versions, or replace the labels."""
    if not algorithm and not labels and not clear_labels:
        raise click.ClickException("nothing to change: give --algorithm, --label or --clear-labels")
    if labels and clear_labels:
        raise click.ClickException("give --label or --clear-labels, and not both")
    body: Json = {}
    fields = []
    if algorithm:
        body["versionTemplate"] = {"algorithm": kms_keys.spelt(algorithm)}
        fields.append("versionTemplate.algorithm")
    if labels or clear_labels:
        body["labels"] = labels_of(labels)
        fields.append("labels")
    session = Session.open(directory)
    show(session.call("PATCH", f"/v1/{KEY.full_name(session, name)}", body, {"updateMask": ",".join(fields)}), style)

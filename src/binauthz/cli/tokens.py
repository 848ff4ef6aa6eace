"""``binauthz tokens``: credentials for other people and machines, by whoever holds the installation's directory."""

import asyncio
import datetime as dt
import re
from collections.abc import Coroutine
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from binauthz.cli.output import format_option, show, talk
from binauthz.cli.session import directory_option

if TYPE_CHECKING:
    from binauthz.app.home import Home

R = TypeVar("R")
_LIFETIME = re.compile(r"([1-9][0-9]{0,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_SHOWN = 12


@click.group("tokens")
def command() -> None:
    """Issue, list and revoke bearer tokens, on the machine that holds the installation's directory."""


@command.command("create")
@click.option("--principal", required=True, metavar="MEMBER", help="Whose token it is: `user:dev@example.com`.")
@click.option("--lifetime", default="12h", show_default=True, metavar="TIME", help="A number with s, m, h or d.")
@click.option("--group", "groups", multiple=True, metavar="NAME", help="A group of the holder; may be repeated.")
@directory_option
def create(principal: str, lifetime: str, groups: tuple[str, ...], directory: str | None) -> None:
    """Print a new token, once. What its holder may do is said by IAM policies."""
    from binauthz.app import token_desk  # noqa: PLC0415 - start-up time of the other commands

    match = _LIFETIME.fullmatch(lifetime)
    if match is None:
        raise click.ClickException(f"--lifetime takes a number with s, m, h or d, got `{lifetime}`")
    span = dt.timedelta(**{_UNITS[match[2]]: int(match[1])})
    click.echo(_run(token_desk.create(_home(directory), principal, span, groups)))


@command.command("list")
@directory_option
@format_option()
def list_tokens(directory: str | None, style: str) -> None:
    """List the tokens that still count. A token itself cannot be shown again."""
    from binauthz.app import token_desk  # noqa: PLC0415 - start-up time of the other commands

    rows = [
        {
            "id": each.name[:_SHOWN],
            "principal": each.principal,
            "groups": list(each.groups),
            "created": each.create_time.isoformat(timespec="seconds"),
            "expires": each.expire_time.isoformat(timespec="seconds") if each.expire_time else "never",
        }
        for each in _run(token_desk.unexpired(_home(directory)))
    ]
    columns = {
        "ID": itemgetter("id"),
        "PRINCIPAL": itemgetter("principal"),
        "CREATED": itemgetter("created"),
        "EXPIRES": itemgetter("expires"),
    }
    show(rows, style, columns)


@command.command("revoke")
@click.argument("token_id", metavar="ID")
@directory_option
def revoke(token_id: str, directory: str | None) -> None:
    """Revoke the token whose ID (as `list` shows it) this is; it counts for no call that starts afterwards."""
    from binauthz.app import token_desk  # noqa: PLC0415 - start-up time of the other commands

    if not re.fullmatch(r"[0-9a-f]{8,64}", token_id):
        raise click.ClickException(f"`{token_id}` is not an ID as `binauthz tokens list` shows it")
    gone = _run(token_desk.revoke(_home(directory), token_id))
    if gone is None:
        raise click.ClickException(f"no token has the ID `{token_id}`")
    talk(f"revoked the token {gone.name[:_SHOWN]} of {gone.principal}")


def _home(directory: str | None) -> "Home":
    from binauthz.app.home import Home  # noqa: PLC0415 - start-up time of the other commands

    return Home(Path(directory) if directory else Home.default_directory())


def _run(work: Coroutine[Any, Any, R]) -> R:
    from binauthz.app.home import NotRunning  # noqa: PLC0415 - start-up time of the other commands
    from binauthz.base.errors import ApiError  # noqa: PLC0415
    from binauthz.store.interface import StoreUnavailable  # noqa: PLC0415

    try:
        return asyncio.run(work)
    except ApiError as error:
        raise click.ClickException(error.message) from None
    except (NotRunning, StoreUnavailable) as error:
        raise click.ClickException(str(error)) from None

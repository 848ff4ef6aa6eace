"""``binauthz doctor``: what is in force, where it came from, and what is wrong."""

import datetime as dt
import os
import shutil
import socket
import ssl
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from binauthz.cli.output import format_option, show
from binauthz.cli.session import Session, directory_option

if TYPE_CHECKING:
    from binauthz.app.configuration import ControlConfiguration
    from binauthz.app.home import Addresses, Home

OK, NOTE, WRONG = "ok", "note", "WRONG"
_PROGRAMS = {
    "kubectl": "needed to use a cluster",
    "gcloud": "optional: `binauthz` does without",
    "gke-gcloud-auth-plugin": "only contexts that gcloud wrote need it",
}
_VARIABLES = ("BINAUTHZ_DIR", "BINAUTHZ_SERVER", "BINAUTHZ_PROJECT", "BINAUTHZ_TOKEN_FILE", "KUBECONFIG")
_SOON = dt.timedelta(days=14)
_PATIENCE = 5.0

Check = tuple[str, str, str]


@click.command("doctor")
@directory_option
@format_option()
def command(directory: str | None, style: str) -> None:
    """Print what is in force and why: directory, addresses, project, doors, store, certificates, programs.

    \b
    Exit codes: 0 all is well, 1 something is wrong.
    """
    found = list(_checks(directory))
    show(
        [{"check": name, "status": status, "detail": detail} for name, status, detail in found],
        style,
        {"CHECK": lambda c: c["check"], "STATUS": lambda c: c["status"], "DETAIL": lambda c: c["detail"]},
    )
    sys.exit(1 if any(status == WRONG for _, status, _ in found) else 0)


def _checks(directory: str | None) -> Iterator[Check]:
    from binauthz.app.home import Home, NotRunning  # noqa: PLC0415 - start-up time of the other commands

    home = Home(Path(directory) if directory else Home.default_directory())
    yield "directory", OK, f"{home.directory} ({_origin(directory)})"
    for name in _VARIABLES:
        if value := os.environ.get(name):
            yield name, NOTE, f"{value} (from the environment)"
    try:
        addresses = home.addresses()
    except NotRunning as error:
        elsewhere = bool(os.environ.get("BINAUTHZ_SERVER"))
        yield "installation", NOTE if elsewhere else WRONG, str(error)
    else:
        yield "installation", OK, f"process {addresses.supervisor_pid} (from {home.addresses_file})"
        yield from _doors(home, addresses)
    yield from _server(directory)
    yield from _store(home)
    yield from _certificates(home)
    for program, purpose in _PROGRAMS.items():
        path = shutil.which(program)
        yield program, OK if path else NOTE, path or f"not on PATH; {purpose}"


def _origin(directory: str | None) -> str:
    if directory:
        return "from --dir"
    if os.environ.get("BINAUTHZ_DIR"):
        return "from BINAUTHZ_DIR"
    return "from XDG_DATA_HOME" if os.environ.get("XDG_DATA_HOME") else "the default"


def _doors(home: "Home", addresses: "Addresses") -> Iterator[Check]:
    ca_file = home.pki / "ca.pem"
    yield _http("REST door", f"{addresses.base_url}/readyz", None)
    yield _tcp("gRPC door", addresses.grpc)
    yield _http("TLS door", f"{addresses.tls_url}/readyz", ca_file)
    if addresses.cluster_url:
        yield _http("local cluster", f"{addresses.cluster_url}/readyz", ca_file)
    else:
        yield "local cluster", NOTE, "none: this is `binauthz serve`"


def _http(name: str, url: str, ca_file: Path | None) -> Check:
    import httpx2  # noqa: PLC0415 - start-up time

    try:
        trust = ssl.create_default_context(cafile=ca_file)
        answer = httpx2.get(url, verify=trust, trust_env=False, timeout=_PATIENCE)
    except (httpx2.HTTPError, OSError) as error:
        return name, WRONG, f"{url}: {str(error) or type(error).__name__}"
    if answer.status_code != 200:
        return name, WRONG, f"{url} answers {answer.status_code}: {answer.text[:200].strip()}"
    return name, OK, f"{url} answers"


def _tcp(name: str, address: str) -> Check:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=_PATIENCE).close()
    except OSError as error:
        return name, WRONG, f"{address}: {error.strerror or error}"
    return name, OK, f"{address} accepts connections"


def _server(directory: str | None) -> Iterator[Check]:
    try:
        session = Session.open(directory)
    except click.ClickException:
        return  # Already said: nothing runs there.
    yield "server", OK, f"{session.base_url}, project `{session.project}`"
    try:
        mode = stat.S_IMODE(session.token_file.stat().st_mode)
    except OSError as error:
        yield "token", WRONG, f"{session.token_file}: {error.strerror}"
        return
    private = not mode & 0o077
    yield (
        "token file",
        OK if private else WRONG,
        f"{session.token_file}, mode {mode:04o}" + ("" if private else ": others can read it; chmod 600"),
    )
    try:
        policy = session.call("GET", f"/v1/projects/{session.project}/policy")
    except click.ClickException as error:
        yield "policy", WRONG, error.format_message()
        return
    rule = policy.get("defaultAdmissionRule", {})
    shown = f"default rule {rule.get('evaluationMode', 'missing')}, {rule.get('enforcementMode', '')}"
    yield "policy", OK, f"{shown}, written {policy.get('updateTime') or 'never'}"


def _store(home: "Home") -> Iterator[Check]:
    import msgspec  # noqa: PLC0415 - start-up time

    from binauthz.app.configuration import load  # noqa: PLC0415

    file = home.control / "config.json"
    if not file.exists():
        return
    try:
        found = load(file)
    except (OSError, msgspec.DecodeError) as error:
        yield "store", WRONG, f"{file} cannot be read: {error}"
        return
    yield "store", OK, f"{_without_password(found.store)} (from {file})"
    yield from _settings(found)


def _settings(configuration: "ControlConfiguration") -> Iterator[Check]:
    """Every setting in force, as the process was told when it was last started."""
    import msgspec  # noqa: PLC0415 - start-up time

    for name, section in msgspec.to_builtins(configuration.sections).items():
        if isinstance(section, list | tuple):
            yield name, OK, f"{len(section)} configured ({configuration.origins.get(name, 'the default')})"
            continue
        for key, value in section.items():
            path = f"{name}.{key}"
            shown = _without_password(value) if path == "server.store" else value
            yield path, OK, f"{shown} ({configuration.origins.get(path, 'the default')})"


def _without_password(url: str) -> str:
    scheme, slashes, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    user, at, host = authority.rpartition("@")
    named = user.partition(":")[0]
    # A password may also be a parameter of the query.
    return f"{scheme}{slashes}{named}{at}{host}{slash}{path.partition('?')[0]}"


def _certificates(home: "Home") -> Iterator[Check]:
    from cryptography import x509  # noqa: PLC0415 - start-up time

    now = dt.datetime.now(dt.UTC)
    for name in ("ca", "doors", "cluster"):
        file = home.pki / f"{name}.pem"
        if not file.exists():
            continue
        try:
            left = x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc - now
        except (OSError, ValueError) as error:
            yield f"certificate {name}", WRONG, f"{file} cannot be read: {error}"
            continue
        text = f"{file} expires in {left.days} days"
        yield f"certificate {name}", OK if left > _SOON else WRONG, text + ("" if left > _SOON else ": restart")

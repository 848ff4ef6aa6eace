"""Merging credentials into a kubeconfig the way gcloud does, without needing gcloud afterwards."""

import os
from pathlib import Path
from typing import Any

import click

from binauthz.app.secret_file import write_secret


def path() -> Path:
    """The file kubectl would write to: the first of ``$KUBECONFIG``, else ``~/.kube/config``."""
    chosen = os.environ.get("KUBECONFIG", "").split(os.pathsep)[0]
    return Path(chosen) if chosen else Path("~/.kube/config").expanduser()


def merge(*, name: str, cluster: dict[str, Any], token_file: Path) -> Path:
    """Add or replace the context ``name``, select it, and return the file written."""
    import yaml  # noqa: PLC0415 - start-up time

    file = path().resolve()
    config: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", "preferences": {}}
    if file.exists() and file.stat().st_size:
        try:
            loaded = yaml.safe_load(file.read_bytes())
        except yaml.YAMLError as error:
            raise click.ClickException(f"`{file}` is not a kubeconfig: {error}") from None
        if not isinstance(loaded, dict):
            raise click.ClickException(f"`{file}` is not a kubeconfig: expected a mapping, got {type(loaded).__name__}")
        config = loaded
    _replace(config, "clusters", name, {"cluster": cluster})
    _replace(config, "users", name, {"user": {"tokenFile": str(token_file)}})
    _replace(config, "contexts", name, {"context": {"cluster": name, "user": name}})
    config["current-context"] = name
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_secret(file, yaml.safe_dump(config, sort_keys=False).encode())
    return file


def _replace(config: dict[str, Any], section: str, name: str, entry: dict[str, Any]) -> None:
    kept = [item for item in config.get(section) or [] if item.get("name") != name]
    config[section] = [*kept, {"name": name, **entry}]

"""Bytes of a request into a JSON object, within bounds (THREATS B101: depth, duplicate keys, YAML aliases)."""

import json
from typing import Any

import msgspec
import yaml

from binauthz.cluster import limits
from binauthz.cluster.client import Object
from binauthz.cluster.status import bad_request


def read_object(body: bytes) -> Object:
    """The JSON or YAML object in a body.

    Raises:
        StatusError: 400, when it is not one object of bounded depth.
    """
    value = read_json(body) if _looks_json(body) else _read_yaml(body)
    if not isinstance(value, dict):
        raise bad_request("couldn't get version/kind; json parse error: expected an object")
    return value


def read_json(body: bytes) -> Any:
    """Any JSON value of bounded depth."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise bad_request(f"couldn't get version/kind; json parse error: {_first_line(error)}") from None
    bound_depth(value)
    return value


def bound_depth(value: Any) -> None:
    """Refuse nesting beyond the limit, without recursion."""
    level = [value]
    for _ in range(limits.JSON_DEPTH):
        below: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                below.extend(member for member in one.values() if isinstance(member, (dict, list)))
            elif isinstance(one, list):
                below.extend(member for member in one if isinstance(member, (dict, list)))
        if not below:
            return
        level = below
    raise bad_request(f"json parse error: nested deeper than {limits.JSON_DEPTH} levels")


def duplicate_fields(body: bytes) -> list[str]:
    """The paths of keys that appear twice in one object; empty for a body that is not JSON."""
    if not _looks_json(body):
        return []
    seen = False

    def pairs(items: list[tuple[str, Any]]) -> Any:
        nonlocal seen
        members = dict(items)
        if len(members) != len(items):
            seen = True
        return items

    try:
        document = json.loads(body, object_pairs_hook=pairs)
    except (ValueError, RecursionError):
        return []
    return list(dict.fromkeys(_repeated(document, ""))) if seen else []


def _repeated(value: Any, path: str) -> list[str]:
    found: list[str] = []
    if isinstance(value, list) and value and isinstance(value[0], tuple):
        keys: set[str] = set()
        for key, member in value:
            here = f"{path}.{key}" if path else key
            if key in keys:
                found.append(here)
            keys.add(key)
            found += _repeated(member, here)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            found += _repeated(member, f"{path}[{index}]")
    return found


def _looks_json(body: bytes) -> bool:
    return body.lstrip()[:1] in (b"{", b"[", b"")


def _read_yaml(body: bytes) -> Any:
    loader = yaml.CSafeLoader
    try:
        for event in yaml.parse(body, Loader=loader):
            if isinstance(event, yaml.AliasEvent):
                raise bad_request("yaml: aliases are not accepted")
        value = yaml.load(body, Loader=_Plain)  # noqa: S506 - _Plain is a safe loader without timestamps.
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise bad_request(f"couldn't get version/kind; yaml parse error: {_first_line(error)}") from None
    bound_depth(value)
    return value


class _Plain(yaml.CSafeLoader):
    """Safe YAML in which only JSON's types exist."""


_Plain.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]

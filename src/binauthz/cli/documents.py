"""Files that people write: YAML or JSON mappings, read as strictly as the API reads JSON."""

import sys
from pathlib import Path
from typing import Any

import click


def read_document(file: str) -> dict[str, Any]:
    """The one YAML or JSON mapping in a file (`-` is stdin); raises ClickException naming what was found instead."""
    documents = _load(file)
    if len(documents) > 1:
        raise click.ClickException(f"`{file}` should hold one mapping, got {len(documents)} documents")
    return _mapping(file, documents[0] if documents else None)


def read_objects(file: str) -> list[dict[str, Any]]:
    """Every mapping in a file of one or more YAML or JSON documents; raises ClickException where there is none."""
    found = [_mapping(file, document) for document in _load(file) if document is not None]
    if not found:
        raise click.ClickException(f"`{file}` holds nothing")
    return found


def _mapping(file: str, document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise click.ClickException(f"`{file}` should hold one mapping, got {type(document).__name__}")
    return document


def _load(file: str) -> list[Any]:
    import yaml  # noqa: PLC0415 - start-up time

    class Loader(yaml.SafeLoader):
        """Timestamps stay text, as the API has them; a key given twice is an error, as it is in the API's JSON."""

    def mapping(loader: Loader, node: yaml.MappingNode) -> dict[Any, Any]:
        keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
        twice = next((key for index, key in enumerate(keys) if key in keys[:index]), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(None, None, f"got the key `{twice}` twice", node.start_mark)
        return loader.construct_mapping(node, deep=True)

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    Loader.add_constructor("tag:yaml.org,2002:map", mapping)
    try:
        return list(yaml.load_all(read_text(file), Loader=Loader))
    except yaml.YAMLError as error:
        raise click.ClickException(f"`{file}` is not YAML: {error}") from None
    except (RecursionError, ValueError, TypeError):
        raise click.ClickException(f"`{file}` cannot be made sense of as YAML") from None


def read_text(file: str) -> str:
    """A file's text (`-` is stdin); raises ClickException for what is not UTF-8."""
    content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise click.ClickException(f"`{file}` is not UTF-8 text") from None

"""``binauthz artifacts``: what is in the container registries that the server reads (docs/registries.md)."""

import click

from binauthz.cli.session import Json
from binauthz.cli.verbs import Columns, Kind, add_describe, add_list, below_location, location

_REPOSITORY = below_location("LOCATION/REPOSITORY", "repositories")
_IMAGE = below_location("LOCATION/REPOSITORY/IMAGE@DIGEST", "repositories", "dockerImages", slashes=True)
_PACKAGE = below_location("LOCATION/REPOSITORY/PACKAGE", "repositories", "packages", slashes=True)


def _id(resource: Json) -> str:
    return str(resource["name"]).rpartition("/")[2]


def _shown(resource: Json) -> str:
    """The id as it is given on the command line: paths with slashes."""
    return _id(resource).replace("%2F", "/")


# What can be looked at: where it is, its collection there, one of it, and what a table shows.
_GROUPS: dict[str, tuple[str, Kind, str, Kind | None, Columns]] = {
    "repositories": (
        "Repositories: the registries, or parts of one, that the server was told to read.",
        location("-"),
        "repositories",
        _REPOSITORY,
        {
            "NAME": lambda r: f"{r['name'].split('/')[3]}/{_id(r)}",
            "FORMAT": lambda r: r.get("format", ""),
            "REGISTRY": lambda r: r.get("registryUri", ""),
            "DESCRIPTION": lambda r: r.get("description", ""),
        },
    ),
    "images": (
        "Images of a repository, each by its digest.",
        _REPOSITORY,
        "dockerImages",
        _IMAGE,
        {
            "IMAGE": _shown,
            "TAGS": lambda i: ",".join(i.get("tags", [])),
            "BYTES": lambda i: i.get("imageSizeBytes", ""),
            "BUILT": lambda i: i.get("buildTime", ""),
        },
    ),
    "packages": (
        "Packages: the paths of a repository that hold images.",
        _REPOSITORY,
        "packages",
        _PACKAGE,
        {"PACKAGE": _shown},
    ),
    "versions": (
        "Versions of a package: the digests of its images.",
        _PACKAGE,
        "versions",
        None,
        {"VERSION": _id, "CREATED": lambda v: v.get("createTime", "")},
    ),
    "tags": (
        "Tags of a package, and what each stands for now.",
        _PACKAGE,
        "tags",
        None,
        {"TAG": _id, "VERSION": lambda t: t.get("version", "").rpartition("/")[2]},
    ),
}


@click.group("artifacts")
def command() -> None:
    """Look into the container registries that the server reads.

    A repository is named `LOCATION/REPOSITORY`, as `--registry` of `binauthz up` does.

    \b
    For example:
      binauthz artifacts images list us/containers
      binauthz artifacts tags list us/containers/team/app
    """


for _name, (_about, _parent, _collection, _one, _columns) in _GROUPS.items():
    _group = click.Group(_name, help=_about)
    command.add_command(_group)
    _within = "" if _parent.default else f" of {_parent.argument}"
    add_list(_group, f"List the {_name}{_within}.", _parent, _collection, _columns)
    if _one is not None:
        add_describe(_group, _one)

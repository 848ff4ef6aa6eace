"""Registries named on the command line, beside those of the configuration file; all of them checked before anything
starts.
"""

import dataclasses
from collections.abc import Sequence

import msgspec

from binauthz.app.configuration_file import Configured, InvalidConfiguration
from binauthz.app.sections import Registry
from binauthz.sources.registry import InvalidRegistry, Registries

ORIGIN = "--registry"


def with_registries(configured: Configured, given: Sequence[str]) -> Configured:
    """The settings with ``REPOSITORY=URL`` added for each that was given.

    ``REPOSITORY`` is a repository's full name, or ``LOCATION/REPOSITORY`` of the installation's project. Raises
    InvalidConfiguration, also for a file of a registry that cannot be read.
    """
    sections = configured.sections
    origins = dict(configured.origins)
    if given:
        made = tuple(_parse(each, sections.server.project) for each in given)
        sections = msgspec.structs.replace(sections, registries=(*sections.registries, *made))
        origins["registries"] = f"{origins['registries']} and {ORIGIN}" if "registries" in origins else f"from {ORIGIN}"
    try:
        Registries(each.settings() for each in sections.registries)
    except InvalidRegistry as error:
        raise InvalidConfiguration(f"registries: {error}") from None
    return dataclasses.replace(configured, sections=sections, origins=origins)


def _parse(given: str, project: str) -> Registry:
    repository, equals, url = given.partition("=")
    if repository.count("/") == 1:
        repository = "projects/{}/locations/{}/repositories/{}".format(project, *repository.split("/"))
    try:
        if equals:
            return Registry(repository=repository, url=url)
    except ValueError as error:
        raise InvalidConfiguration(f"{ORIGIN}: {error}") from None
    raise InvalidConfiguration(f"{ORIGIN}: got `{given[:200]}`, expected REPOSITORY=URL")

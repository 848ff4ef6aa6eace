"""Container registries that an operator configured: what they hold, proven by digest where that is possible.

Nothing here is reached by name from a request: an image name selects one of the configured registries or none, and
only configured addresses are ever contacted (THREATS B47, B48).
"""

from binauthz.sources.registry.client import Registry
from binauthz.sources.registry.directory import Registries
from binauthz.sources.registry.images import Image, Images
from binauthz.sources.registry.manifest import Descriptor, ImageConfig, Manifest
from binauthz.sources.registry.settings import InvalidRegistry, RegistrySettings
from binauthz.sources.registry.trouble import RegistryTrouble, Trouble

__all__ = [
    "Descriptor",
    "Image",
    "ImageConfig",
    "Images",
    "InvalidRegistry",
    "Manifest",
    "Registries",
    "Registry",
    "RegistrySettings",
    "RegistryTrouble",
    "Trouble",
]

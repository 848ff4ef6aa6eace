"""binauthz: Binary Authorization anywhere."""

__version__ = "0.1.0"

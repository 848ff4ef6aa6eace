"""``python -m binauthz``."""

from binauthz.cli.main import main

main()

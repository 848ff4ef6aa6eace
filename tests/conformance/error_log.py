"""What a server in this process says of its own failures."""

import logging


class ErrorLog(logging.Handler):
    """Keeps it while the block lives."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record."""
        self.seen.append(self.format(record))

    def __enter__(self) -> "ErrorLog":
        logging.getLogger().addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self)

"""Files for secrets. A module of its own because the command line needs it, and needs no cryptography to start."""

import os
from pathlib import Path


def write_secret(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, all at once: a crash leaves the old content or the new.

    What lies where the draft goes, such as a link or a file that somebody holds open, is removed and not written to.
    """
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)

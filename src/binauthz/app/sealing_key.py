"""The file of sealing keys: outside the database, its owner's alone, and shared by every process on one store.

It is read again when it changes, so a file that was missing, or a new key on top, needs no restart. The server starts
without it; only what needs a sealed secret is then refused, saying why.
"""

import os
import secrets
import stat
import threading
from pathlib import Path

from binauthz.app.secret_file import write_secret
from binauthz.crypto.sealing import MAX_FILE_BYTES, SealingError, SealingKey, SealingKeys, SealingKeysMissing

_HEADING = "# Sealing keys: the first seals, every one opens. Without them, private keys in the store are lost.\n"


def create(path: Path) -> None:
    """Make the file with one fresh key unless it is there; of several processes at once, one makes it for all."""
    if path.exists():
        return
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    write_secret(draft, f"{_HEADING}{SealingKey.generate().line}\n".encode())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


class SealingKeyFile:
    """The sealing keys of one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._keys: SealingKeys | None = None

    def keys(self) -> SealingKeys:
        """The keys as the file holds them now; raises SealingError naming the file."""
        try:
            state = self._path.stat()
            seen = (state.st_ino, state.st_mtime_ns, state.st_size)
            with self._lock:
                if self._keys is None or seen != self._seen:
                    self._keys, self._seen = self._read(state.st_mode), seen
                return self._keys
        except OSError as error:
            raise SealingKeysMissing(f"the sealing key file `{self._path}` cannot be read: {error.strerror}") from None

    def _read(self, mode: int) -> SealingKeys:
        if mode & stat.S_IRWXO:
            raise SealingError(f"the sealing key file `{self._path}` is open to other users: make it mode 0600")
        with self._path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise SealingError(f"the sealing key file `{self._path}` is larger than {MAX_FILE_BYTES} bytes")
        try:
            return SealingKeys.parse(content.decode("ascii", "replace"))
        except SealingError as error:
            raise SealingError(f"the sealing key file `{self._path}` is malformed: {error}") from None


def prepared(configured: str, usual: Path) -> Path:
    """The file to use: the one the operator names, which is never made for them, as several servers may share it; else
    the usual one, made on first use."""
    if configured:
        return Path(configured).expanduser().absolute()
    create(usual)
    return usual

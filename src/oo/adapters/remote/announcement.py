"""The file beside a store that says how to reach the service that holds it: `oo.db.service`, for its owner alone."""

import json
import os
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from oo.domain.errors import StoreError

_MOST_BYTES = 1_000
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""Neither through a link, nor waiting for somebody to write into a pipe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """How to reach a service: its port on the loopback, and the key, in hexadecimal, that proves who may ask."""

    version: str
    pid: int
    port: int
    key: str


def announce(store: Path, announcement: Announcement) -> None:
    """Write the file, readable by its owner alone from its first instant, in place of any that is there.

    A link of that name is replaced, not followed. Raises `StoreError` where the folder takes no such file.
    """
    file = _file(store)
    try:
        descriptor, draft = tempfile.mkstemp(prefix=f"{file.name}.", dir=file.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as stream:
                _check_private(descriptor)
                json.dump(asdict(announcement), stream)
            Path(draft).replace(file)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StoreError(
            f"{file} cannot be written ({error}).", "Keep the store in another folder."
        ) from error


def withdraw(store: Path, announcement: Announcement) -> None:
    """Remove the file, if it is still the one that was announced."""
    if announced(store) == announcement:
        with suppress(OSError):
            _file(store).unlink()


def announced(store: Path) -> Announcement | None:
    """Return what the file says; None where there is none, or one that somebody else may have put there."""
    try:
        descriptor = os.open(_file(store), _READ)
        try:
            _check_private(descriptor)
            return _understood(json.loads(os.read(descriptor, _MOST_BYTES)))
        finally:
            os.close(descriptor)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _file(store: Path) -> Path:
    return Path(f"{store}.service")


def _check_private(descriptor: int) -> None:
    """Refuse all but a file of ours that nobody else can read or write. On Windows that is a matter of the folder."""
    found = os.fstat(descriptor)
    if os.name != "nt" and (found.st_uid != os.geteuid() or found.st_mode & 0o077):
        raise PermissionError("others than its owner can reach it")


def _understood(document: Any) -> Announcement:
    understood = Announcement(
        version=str(document["version"]),
        pid=int(document["pid"]),
        port=int(document["port"]),
        key=str(document["key"]),
    )
    bytes.fromhex(understood.key)
    if not 0 < understood.port < 1 << 16:
        raise ValueError(understood.port)
    return understood

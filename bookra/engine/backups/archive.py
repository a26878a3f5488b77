"""The file of a backup: a tar of the manifest, pg_dump's archive, and that archive's checksum.

One file, so that nothing of it can be lost alone; a tar, so that it can be opened without Bookra:
``tar -xf FILE`` gives a ``bookra.dump`` for pg_restore, and ``sha256sum -c SHA256SUMS`` proves it.
It is written under another name and renamed once it is on the disk.
"""

from __future__ import annotations

import os
import secrets
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO

from bookra.engine.backups.manifest import Manifest, loaded, not_a_backup
from bookra.errors import ConflictError, InvalidInputError

MANIFEST, DUMP, SUMS = "manifest.json", "bookra.dump", "SHA256SUMS"
PIECE_BYTES = 1024 * 1024
LARGEST_MANIFEST_BYTES = 256 * 1024 * 1024

_BLOCK = tarfile.BLOCKSIZE


@dataclass(frozen=True, slots=True)
class Archive:
    """An opened backup. ``dump`` gives pg_dump's archive from its beginning, once."""

    manifest: Manifest
    dump: IO[bytes]
    _tar: tarfile.TarFile

    def expected_sum(self) -> str:
        """Return the checksum that the dump must have; ask once it was read to its end."""
        member = self._tar.next()
        file = self._tar.extractfile(member) if member and member.name == SUMS else None
        if file is None:
            raise not_a_backup()
        return file.read(200).decode("ascii", "replace").split(" ")[0]


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Open a backup. Raises InvalidInputError (``cannot_read``, ``not_a_backup``)."""
    try:
        with tarfile.open(path, "r:") as tar:
            first = tar.next()
            if first is None or first.name != MANIFEST or first.size > LARGEST_MANIFEST_BYTES:
                raise not_a_backup()
            manifest = _file(tar, first).read()
            second = tar.next()
            if second is None or second.name != DUMP:
                raise not_a_backup()
            yield Archive(loaded(manifest), _file(tar, second), tar)
    except tarfile.TarError:
        raise not_a_backup() from None
    except OSError as error:
        raise InvalidInputError(
            "cannot_read",
            f"{path} can't be read: {error.strerror}",
            hint="Name the file of a backup",
        ) from None


def written(path: Path, manifest: Manifest, dump: IO[bytes]) -> int:
    """Write a backup for its owner's eyes alone; returns its bytes.

    Whoever reads ``dump`` learns that it failed by its end; the caller asks, and removes the file.
    """
    with path.open("r+b") as file:
        _member(file, MANIFEST, manifest.dumped())
        begin, digest, size = file.tell(), sha256(), 0
        file.write(bytes(_BLOCK))
        while piece := dump.read(PIECE_BYTES):
            digest.update(piece)
            size += file.write(piece)
        _pad(file, size)
        _member(file, SUMS, f"{digest.hexdigest()}  {DUMP}\n".encode())
        file.write(bytes(2 * _BLOCK))
        total = file.tell()
        file.seek(begin)
        file.write(_header(DUMP, size))
        file.flush()
        os.fsync(file.fileno())
    return total


@contextmanager
def arriving(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Give an empty file (0600) to write, which gets its name at the end; removed on any error.

    Raises ConflictError (``file_exists``) and InvalidInputError (``cannot_write``).
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        if path.exists() and not overwrite:
            raise ConflictError(
                "file_exists", f"{path} exists", hint="Choose another name, or add --overwrite"
            )
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise _cannot_write(path, error) from None
    try:
        yield partial
        partial.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise _cannot_write(path, error) from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _cannot_write(path: Path, error: OSError) -> InvalidInputError:
    return InvalidInputError(
        "cannot_write",
        f"{path} can't be written: {error.strerror}",
        hint="Choose a folder of your own with room for it",
    )


def _file(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    file = tar.extractfile(member)
    if file is None:
        raise not_a_backup()
    return file


def _member(file: IO[bytes], name: str, content: bytes) -> None:
    file.write(_header(name, len(content)))
    file.write(content)
    _pad(file, len(content))


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info.tobuf(tarfile.GNU_FORMAT)


def _pad(file: IO[bytes], size: int) -> None:
    file.write(bytes(-size % _BLOCK))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""The file that a business travels in: a zip of one member a table, sealed by a digest of it all.

Any zip program opens it, and PostgreSQL's own COPY reads its members. The archive's comment is a
SHA-256 of every byte before it, so that a file that was cut off or changed anywhere is refused
before anything of it is read. The digest proves that a file arrived whole, not who wrote it.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from io import SEEK_END
from typing import Any, BinaryIO

from bookra.errors import InvalidInputError

FORMAT = 1
"""Which layout of the file this is; another one is refused."""

MANIFEST = "manifest.json"
LABEL = b"bookra-sha256:"
DIGITS = 64
MAX_MANIFEST_BYTES = 16_000_000
MAX_ROW_BYTES = 64_000_000
PIECE_BYTES = 1 << 20
COMPRESSION = 3
"""Rows of ids and times shrink to a fifth; higher levels cost time and gain little."""

_SAME_MOMENT = (1980, 1, 1, 0, 0, 0)  # so that the same rows give the same bytes


@dataclass(frozen=True, slots=True)
class Packed:
    """A table in the file: its columns in order, how many rows, and the SHA-256 of its text."""

    table: str
    columns: tuple[str, ...]
    rows: int
    sha256: str

    @property
    def member(self) -> str:
        """The member's name inside the archive."""
        return _member(self.table)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the file says of itself: whose rows, from which schema, how many, and the ledger."""

    format: int
    revision: str
    program: str
    exported_at: str
    tenant_id: str
    slug: str
    ledger: dict[str, Any]
    left_behind: dict[str, Any]
    tables: tuple[Packed, ...]

    @classmethod
    def read(cls, document: dict[str, Any]) -> Manifest:
        """Return the manifest of a JSON document; raises InvalidInputError (``bad_archive``)."""
        try:
            tables = tuple(
                Packed(**{**each, "columns": tuple(each["columns"])}) for each in document["tables"]
            )
            return cls(**{**document, "tables": tables})
        except (TypeError, KeyError, ValueError):
            raise _bad("its manifest can't be read") from None


class Writer:
    """Fills an archive, table by table. ``file`` must be open for reading and writing."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=COMPRESSION)

    def table(self, name: str, columns: tuple[str, ...], pieces: Iterable[bytes]) -> Packed:
        """Write a table's text as it comes, in any pieces; returns what the manifest says of it."""
        digest, rows = hashlib.sha256(), 0
        with self._zip.open(_info(_member(name)), "w", force_zip64=True) as member:
            for piece in pieces:
                digest.update(piece)
                rows += piece.count(b"\n")
                member.write(piece)
        return Packed(name, columns, rows, digest.hexdigest())

    def seal(self, manifest: Manifest) -> None:
        """Write the manifest and the digest: the archive is complete."""
        document = json.dumps(asdict(manifest), ensure_ascii=False, indent=1)
        with self._zip.open(_info(MANIFEST), "w") as member:
            member.write(document.encode())
        self._zip.comment = LABEL + b"0" * DIGITS
        self._zip.close()
        digest = _digest(self._file)
        self._file.seek(-DIGITS, SEEK_END)
        self._file.write(digest.encode())
        self._file.flush()


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive that is whole."""

    manifest: Manifest
    _zip: zipfile.ZipFile

    def rows(
        self, packed: Packed, decoded: Callable[[bytes], list[str | None]]
    ) -> Iterator[list[str | None]]:
        """Yield a table's rows; raises InvalidInputError (``bad_archive``) when they don't agree
        with the manifest, which a whole file can't bring about by accident.
        """
        digest, found = hashlib.sha256(), 0
        try:
            with self._zip.open(packed.member) as member:
                while line := member.readline(MAX_ROW_BYTES):
                    digest.update(line)
                    row = decoded(line)
                    if not line.endswith(b"\n") or len(row) != len(packed.columns):
                        raise _bad(f"row {found + 1} of {packed.table} is not whole")
                    found += 1
                    yield row
        except (zipfile.BadZipFile, KeyError, UnicodeDecodeError, OSError):
            raise _bad(f"{packed.table} can't be read") from None
        if (found, digest.hexdigest()) != (packed.rows, packed.sha256):
            raise _bad(f"{packed.table} is not what the manifest says")


@contextmanager
def opened(file: BinaryIO, revision: str) -> Iterator[Archive]:
    """Check the seal and the version of an archive, and open it.

    Raises InvalidInputError: ``bad_archive`` for what was damaged or is something else,
    ``other_version`` for a layout or a schema that is not this program's.
    """
    _check_seal(file)
    try:
        with zipfile.ZipFile(file) as found:
            yield Archive(_manifest(found, revision), found)
    except zipfile.BadZipFile:
        raise _bad("it is no zip archive") from None


def _check_seal(file: BinaryIO) -> None:
    size = file.seek(0, SEEK_END)
    if size < len(LABEL) + DIGITS:
        raise _bad("it is too short")
    file.seek(-len(LABEL) - DIGITS, SEEK_END)
    seal = file.read()
    if not seal.startswith(LABEL):
        raise _bad("its end is missing, or it is no export of Bookra")
    if seal[len(LABEL) :] != _digest(file).encode():
        raise _bad("its digest is another: it was damaged or changed")


def _manifest(found: zipfile.ZipFile, revision: str) -> Manifest:
    try:
        with found.open(MANIFEST) as member:
            document = json.loads(member.read(MAX_MANIFEST_BYTES))
    except (KeyError, ValueError, OSError):
        raise _bad("it has no manifest") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise _other_version(f"layout {_of(document, 'format')}, and this program reads {FORMAT}")
    if document.get("revision") != revision:
        ours = f"this installation has {revision}"
        raise _other_version(f"schema {_of(document, 'revision')}, and {ours}")
    return Manifest.read(document)


def _of(document: object, name: str) -> object:
    return document.get(name) if isinstance(document, dict) else None


def _digest(file: BinaryIO) -> str:
    """Return the digest of everything but the digest itself."""
    left = file.seek(0, SEEK_END) - DIGITS
    file.seek(0)
    digest = hashlib.sha256()
    while left > 0 and (piece := file.read(min(PIECE_BYTES, left))):
        digest.update(piece)
        left -= len(piece)
    return digest.hexdigest()


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _SAME_MOMENT)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    return info


def _member(table: str) -> str:
    return f"tables/{table}.copy"


def _bad(why: str) -> InvalidInputError:
    return InvalidInputError(
        "bad_archive",
        f"This file can't be imported: {why}",
        hint="Copy it again, or export again: bookra tenant export SLUG FILE",
    )


def _other_version(what: str) -> InvalidInputError:
    return InvalidInputError(
        "other_version",
        f"This file was written with {what}",
        hint="Bring both installations to the same release, then export again",
    )

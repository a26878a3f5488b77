"""Where the keys are that open provider tokens, and what a key looks like there.

A ring: the first key seals, all of them open, so that a key can be replaced while tokens of the
one before are still about. Keys come from the environment (``BOOKRA_KEY``), from systemd
(``$CREDENTIALS_DIRECTORY/bookra.key``), from the system's keyring where that is chosen, and from
the file in the home, in this order. Each place holds the 32 bytes of one key, as every release
before kept them, or lines of text: a key a line in base64, ``next`` before one that is to seal
once it is everywhere.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bookra.errors import UnavailableError

KEY_BYTES = 32
VARIABLE = "BOOKRA_KEY"
CREDENTIALS = "CREDENTIALS_DIRECTORY"
CREDENTIAL = "bookra.key"
SERVICE = "bookra"
"""Under which name the keys are in the system's keyring; the user there is the file's path."""

NEXT = "next"
OTHERS = stat.S_IRWXO | stat.S_IWGRP
"""What a key file must not allow: anything to everybody, nor writing to the group."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key. ``id`` is a fingerprint that says nothing of the key; ``source`` names its place.

    ``upcoming`` is a key that opens already, and seals once a rotation puts it first.
    """

    id: str
    source: str
    upcoming: bool = False
    secret: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Places:
    """Where to look for keys. ``keyring`` chooses the system's keyring in place of the file."""

    file: Path
    keyring: bool = False
    environ: Mapping[str, str] | None = None

    @property
    def kept_in(self) -> str:
        """The place that the program itself keeps keys in: ``keyring`` or the file's path."""
        return "keyring" if self.keyring else str(self.file)


def ring(places: Places) -> list[Key]:
    """Return every key that is known, the sealing one first; read anew each time.

    Raises UnavailableError: ``key_exposed`` for a file that others may read, ``key_broken`` for
    a place that holds no keys, ``key_unavailable`` for a keyring or file that can't be read.
    """
    environ = os.environ if places.environ is None else places.environ
    found: list[Key] = []
    if word := environ.get(VARIABLE):
        found += parsed(word.replace(",", "\n").encode(), f"${VARIABLE}")
    if folder := environ.get(CREDENTIALS):
        found += parsed(_read(Path(folder) / CREDENTIAL), f"${CREDENTIALS}/{CREDENTIAL}")
    found += kept(places)
    ready = [key for key in found if not key.upcoming] + [key for key in found if key.upcoming]
    once: dict[str, Key] = {}
    for key in ready:
        once.setdefault(key.id, key)
    return list(once.values())


def kept(places: Places) -> list[Key]:
    """Return the keys of the place that the program keeps itself; raises as `ring` does."""
    held = _from_keyring(places) if places.keyring else _read(places.file)
    return parsed(held, places.kept_in)


def parsed(content: bytes, source: str) -> list[Key]:
    """Return the keys that a place's content holds; raises UnavailableError (``key_broken``)."""
    if not content:
        return []
    if len(content) == KEY_BYTES:
        return [_key(content, source)]
    keys = []
    for line in content.split(b"\n"):
        word = line.partition(b"#")[0].strip()
        upcoming = word.startswith(NEXT.encode() + b" ")
        if word:
            keys.append(_key(_decoded(word.split()[-1], source), source, upcoming=upcoming))
    return keys


def written(keys: list[Key]) -> bytes:
    """Return what a place holds of these keys: one alone as its bytes, several as lines."""
    if len(keys) == 1 and not keys[0].upcoming:
        return keys[0].secret
    lines = [
        (f"{NEXT} " if key.upcoming else "") + base64.b64encode(key.secret).decode() for key in keys
    ]
    return ("\n".join(lines) + "\n").encode()


def new_key(source: str, *, upcoming: bool = False) -> Key:
    """Return a key that nobody has had before."""
    return _key(secrets.token_bytes(KEY_BYTES), source, upcoming=upcoming)


def create_first(places: Places) -> None:
    """Make the first key, where there is none; of several that do so at once one wins."""
    if places.keyring:
        with_keyring(places, written([new_key(places.kept_in)]))
        return
    places.file.parent.mkdir(parents=True, exist_ok=True)
    partial = _partial(places.file, secrets.token_bytes(KEY_BYTES))
    try:
        os.link(partial, places.file)  # fails when another process was first: its key stays
    except FileExistsError:
        pass
    finally:
        partial.unlink()


def replace(places: Places, keys: list[Key]) -> None:
    """Put these keys into the program's own place, durably and whole."""
    if places.keyring:
        with_keyring(places, written(keys))
        return
    partial = _partial(places.file, written(keys))
    partial.replace(places.file)
    _sync(places.file.parent)


def with_keyring(places: Places, content: bytes) -> None:
    """Store keys in the system's keyring; raises UnavailableError (``key_unavailable``)."""
    import keyring
    from keyring.errors import KeyringError

    text = content if len(content) != KEY_BYTES else base64.b64encode(content)
    try:
        keyring.set_password(SERVICE, str(places.file), text.decode())
    except KeyringError as error:
        raise _no_keyring(error) from None


def _from_keyring(places: Places) -> bytes:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise UnavailableError(
            "key_unavailable",
            "The keys are to come from the system's keyring, and the package for it is missing",
            hint="Install it: pip install 'bookra[keyring]'",
        ) from None
    try:
        return (keyring.get_password(SERVICE, str(places.file)) or "").encode()
    except KeyringError as error:
        raise _no_keyring(error) from None


def _no_keyring(error: Exception) -> UnavailableError:
    return UnavailableError(
        "key_unavailable",
        f"The system's keyring can't be used: {type(error).__name__}",
        hint="Unlock it, or keep the keys in a file: BOOKRA_KEY_SOURCE=file",
    )


def _read(file: Path) -> bytes:
    """Return a file's content, nothing when it is missing; it must be its owner's alone."""
    try:
        with file.open("rb") as opened:
            mode = stat.S_IMODE(os.fstat(opened.fileno()).st_mode)
            content = opened.read()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise UnavailableError(
            "key_unavailable", f"The key file {file} can't be read: {error.strerror}"
        ) from None
    if not content:
        raise _broken(str(file))
    if mode & OTHERS:
        raise UnavailableError(
            "key_exposed",
            f"Others may read or change the key file {file} (mode {mode:04o})",
            hint=f"Take that away: chmod 600 {file}; and if they may have read it: bookra secret"
            " rotate",
        )
    return content


def _decoded(word: bytes, source: str) -> bytes:
    try:
        key = base64.b64decode(word, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise _broken(source)
    return key


def _broken(source: str) -> UnavailableError:
    return UnavailableError(
        "key_broken",
        f"What {source} holds is no key",
        hint=f"A key is {KEY_BYTES} bytes, or a line of base64 for each: bring back the right one",
    )


def _key(secret: bytes, source: str, *, upcoming: bool = False) -> Key:
    digest = hashlib.sha256(b"bookra key id\x00" + secret).hexdigest()
    return Key(digest[:16], source, upcoming, secret)


def _partial(file: Path, content: bytes) -> Path:
    partial = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    return partial


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

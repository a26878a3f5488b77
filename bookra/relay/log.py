"""The relay's log: one JSON line an event on stderr. Ids and codes, never personal data.

What is logged is chosen where it is logged: codes of errors and never their texts, ids and never
names. The mask below is a second line: an address, a phone number or a token that gets into a
field by mistake does not get out. JSON escapes every control character.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID

from bookra.errors import BookraError, code_of

Level: TypeAlias = Literal["debug", "info", "warning", "error"]

VARIABLE = "BOOKRA_LOG"
"""The environment's name for the least level that is written: ``debug`` to ``error``, ``off``."""

ORDER: Final[dict[str, int]] = {"debug": 10, "info": 20, "warning": 30, "error": 40, "off": 99}
LONGEST_FIELD = 300
"""Characters of one field; a code or an id is shorter, and a body is not wanted."""

ADDRESS = re.compile(r"[^\s@\"'<>]+@[^\s@\"'<>]+")
"""An e-mail address, or what comes before a host: looked for only where there is an ``@``."""
SECRET = re.compile(
    r"\+\d[\d ()/.-]{5,}\d"  # a phone number as it is written
    r"|(?:sk|rk|pk)_(?:live|test)_\w+|whsec_\w+|\bEAA[A-Za-z0-9]{20,}|\bya29\.[\w.-]+"
    r"|\bBearer\s+\S+"
)
MASK = "[masked]"

_LOCK = threading.Lock()
_bound: dict[str, object] = {}
_least = ORDER.get(os.environ.get(VARIABLE, "info").lower(), ORDER["info"])


def log(event: str, *, level: Level = "info", **fields: object) -> None:
    """Write one event with its fields; those that are None are left out. Never raises."""
    if ORDER[level] < _least:
        return
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    line: dict[str, object] = {"at": now, "level": level, "event": event, **_bound}
    for name, value in fields.items():
        if value is not None:
            line[name] = _safe(value)
    text = json.dumps(line) + "\n"
    with _LOCK:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except (OSError, ValueError):  # nobody reads any more: the work goes on
            pass


def log_failure(event: str, error: Exception, **fields: object) -> None:
    """Write that something failed: what may happen is a warning, what is not expected an error."""
    level: Level = "warning" if isinstance(error, BookraError) else "error"
    log(event, level=level, error=code_of(error), **fields)


def bind(**fields: object) -> None:
    """Add ``fields`` to every line from now on: the relay's id."""
    _bound.update({name: _safe(value) for name, value in fields.items()})


def set_level(level: str) -> bool:
    """Write only what is at least ``level``; False, and nothing changed, for an unknown word."""
    global _least  # noqa: PLW0603 - one process, one log
    if level not in ORDER:
        return False
    _least = ORDER[level]
    return True


def masked(text: str) -> str:
    """Return ``text`` without what looks like an address, a phone number or a token."""
    short = text[:LONGEST_FIELD]
    if "@" in short:
        short = ADDRESS.sub(MASK, short)
    return SECRET.sub(MASK, short)


def _safe(value: object) -> object:
    if isinstance(value, bool | int | float | UUID):
        return str(value) if isinstance(value, UUID) else value
    return masked(value if isinstance(value, str) else str(value))

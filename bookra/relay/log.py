"""The relay's log: one JSON line an event on stderr. Ids and codes, never personal data."""

from __future__ import annotations

import json
import sys
import threading
from datetime import UTC, datetime

_LOCK = threading.Lock()


def log(event: str, **fields: object) -> None:
    """Write one event with its fields; those that are None are left out."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    line: dict[str, object] = {"at": now, "event": event}
    line |= {name: value for name, value in fields.items() if value is not None}
    with _LOCK:
        sys.stderr.write(json.dumps(line, default=str) + "\n")
        sys.stderr.flush()

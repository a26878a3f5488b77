"""Every statement about a business's rows names the business: read off the code, and heard sent.

Policies would keep businesses apart without it. But only a statement that binds ``tenant_id`` is
sent to one shard by Citus, and only it uses the indexes, which all begin with it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import FrameType, ModuleType
from typing import Any

from sqlalchemy import Engine as Pool
from sqlalchemy import TextClause, event

import bookra.engine.tables  # noqa: F401 - registers every table
from bookra.engine.schema import metadata

OWN = frozenset(table.name for table in metadata.sorted_tables if "tenant_id" in table.c)
NAMED = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE|USING|,)\s+(?:ONLY\s+)?(?:bookra\.)?([a-z_]+)\b")
BOUND = re.compile(r":tenant_id\b|%\(tenant_id\)s")

WORK = "the relay asks which businesses have work; then it works for one at a time"
LOOK = "status, metrics and the doctor look across businesses, by the relay's policies"
ACROSS = {
    "bookra.engine.outbox.breakers.BLOCKED": WORK,
    "bookra.engine.outbox.looking.PAIRS_WITH_WORK": WORK,
    "bookra.engine.outbox.looking.TENANTS_WITH_LAPSED_LEASES": WORK,
    "bookra.engine.outbox.looking.TENANTS_WITH_WAITING": WORK,
    "bookra.engine.schedules.waiting.DUE": WORK,
    "bookra.engine.schedules.waiting.LAPSED": WORK,
    "bookra.engine.schedules.waiting.UNPLANTED": WORK,
    "bookra.engine.tenancy.providers.CONNECTED": WORK,
    "bookra.relay.calendar_pull.CONNECTED": WORK,
    "bookra.engine.outbox.holding.HOLDING": LOOK,
    "bookra.engine.tenancy.vault_rotation.SEALED": "a key is rotated for everybody, one by one",
    "bookra.engine.outbox.checks.CUT_OFF": LOOK,
    "bookra.engine.outbox.checks.SET_ASIDE": LOOK,
    "bookra.engine.outbox.gauges.QUEUE": LOOK,
    "bookra.engine.outbox.gauges.LAG": LOOK,
    "bookra.engine.outbox.gauges.BREAKERS": LOOK,
    "bookra.engine.outbox.relays.WAITING": LOOK,
    "bookra.engine.schedules.checks.WORRIES": LOOK,
    "bookra.engine.schedules.checks.LATE": LOOK,
    "bookra.engine.tenancy.checks.TROUBLED": LOOK,
}
"""The only statements that may read rows of many businesses, each with its reason."""


def strays(words: str) -> set[str]:
    """Return the businesses' tables that a statement touches without naming the business."""
    return set() if BOUND.search(words) else set(NAMED.findall(words)) & OWN


def constants(module: ModuleType) -> Iterator[tuple[str, TextClause]]:
    """Yield the statements that a module holds by name, in whatever it holds them."""
    for name, value in list(vars(module).items()):
        for clause in _clauses(value):
            yield f"{module.__name__}.{name}", clause


def _clauses(value: Any) -> Iterator[TextClause]:
    if isinstance(value, TextClause):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _clauses(inner)
    elif isinstance(value, tuple | list):
        for inner in value:
            yield from _clauses(inner)


class Recorder:
    """Hears what the program says in a business's transaction, and keeps what names none.

    What a test says itself is the test's own affair.
    """

    def __init__(self) -> None:
        self.heard = 0
        self.found: dict[str, str] = {}
        self._known: set[str] = set()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear every connection of this process while the block runs."""
        event.listen(Pool, "before_cursor_execute", self.hear)
        try:
            yield
        finally:
            event.remove(Pool, "before_cursor_execute", self.hear)

    def hear(self, _connection: object, _cursor: object, words: str, *_: object) -> None:
        """Listen to ``before_cursor_execute``: each text is judged once for each who says it."""
        self.heard += 1
        if words in self._known:
            return
        if not strays(words):
            self._known.add(words)
        elif (who := _speaker(sys._getframe(1))) and _name(words) not in ACROSS:
            self.found[" ".join(words.split())[:200]] = who


def _speaker(frame: FrameType | None) -> str | None:
    """Return the module that says something through a Tx, if it is one of the program's."""
    through = False
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if name == "bookra.engine.runtime":
            through = through or frame.f_code.co_name in ("rows", "run", "run_many", "stream")
        elif name.startswith("bookra.") and name != "bookra.engine.statements":
            return f"{name}:{frame.f_lineno}" if through else None
        elif through and not name.startswith(("sqlalchemy.", "bookra.")):
            return None
        frame = frame.f_back
    return None


def _name(words: str) -> str | None:
    return _names().get(_plain(words))


@cache
def _names() -> dict[str, str]:
    return {
        _plain(clause.text): name
        for module in list(sys.modules.values())
        if module.__name__.startswith("bookra.")
        for name, clause in constants(module)
        if name in ACROSS
    }


def _plain(words: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"%\((\w+)\)s|:(\w+)", "?", words)).strip()

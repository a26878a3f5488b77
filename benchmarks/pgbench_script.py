"""Turns what the engine says to the database into a script that pgbench can say as well.

One won and one lost attempt are recorded with their values. What belongs to the attempt (the slot's
time, its person, fresh ids) becomes an expression over pgbench's counter; everything else stays as
it was sent. The search and the claim hand their answers back, so the script takes the same turns.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import event

from bookra.engine.runtime import Engine, Tx

ID = "[0-9a-f]{32}"
SLOTS_A_DAY = 32
SAMPLE = 517
"""The slot that is recorded: of no special person, and in the middle of a day."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the script has to know of the salon."""

    people: tuple[UUID, ...]
    customer: UUID
    first: datetime
    minutes: int


def script_of(
    engine: Engine, slug: str, names: Names, attempt: Callable[[Engine, Names, int], bool]
) -> str:
    """Return the script: one attempt at the slot of pgbench's counter ``i``."""
    for slot in range(20):
        attempt(engine, names, slot)  # the engine has learnt all it caches
    won = _recorded(engine, slug, lambda: attempt(engine, names, SAMPLE))
    lost = _recorded(engine, slug, lambda: attempt(engine, names, SAMPLE))
    entering, search, *rest = (_general(statement, names, won) for statement in won)
    refused = [_general(statement, names, lost) for statement in lost[2:]]
    claim = next(n for n, statement in enumerate(rest) if "INSERT INTO allocations" in statement)
    before, after = rest[:claim], rest[claim + 1 :]
    lines = [
        "\\set i :i + 1",
        f"\\set s :i % {len(names.people)}",
        f"\\set k :i / {len(names.people)}",
        f"\\set d :k / {SLOTS_A_DAY}",
        "BEGIN;",
        entering,
        _taken(search, names),
        "\\if :taken > 0",
        *refused,
        "ROLLBACK;",
        "\\else",
        *before,
        _claimed(rest[claim]),
        "\\if :claimed > 0",
        *after,
        "COMMIT;",
        "\\else",
        "ROLLBACK TO SAVEPOINT sa_savepoint_1;",
        *refused,
        "ROLLBACK;",
        "\\endif",
        "\\endif",
    ]
    return "\n".join(lines) + "\n"


def _recorded(engine: Engine, slug: str, run: Callable[[], object]) -> list[str]:
    """Return the statements of one attempt with their values, settings first."""
    said: list[str] = []
    driver = engine.ask(slug, _driver)
    cursor = psycopg.ClientCursor(driver)

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        said.append(cursor.mogrify(statement, values or None))

    pool = engine._pool
    event.listen(pool, "before_cursor_execute", note)
    settings = _entering(engine, slug)
    run()
    event.remove(pool, "before_cursor_execute", note)
    return [settings, *said]


def _driver(tx: Tx) -> psycopg.Connection[Any]:
    driver = tx.connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


def _entering(engine: Engine, slug: str) -> str:
    """Return the settings that begin each transaction, as the engine sends them."""
    from bookra.engine.runtime import ENTER, OPENED

    tenant_id = engine.ask(slug, lambda tx: tx.tenant.id)
    return ENTER.format(id=tenant_id) + OPENED.said({"tenant_id": f"'{tenant_id}'"}, kept=False)


def _general(statement: str, names: Names, recorded: list[str]) -> str:
    """Return a statement for any slot: the recorded slot's own values become expressions."""
    text = " ".join(re.sub(r"--[^\n]*", "", statement).split())
    text = text.replace(f"staff-{SAMPLE % len(names.people)}", "staff-:s")
    person = names.people[SAMPLE % len(names.people)].hex
    people = ",".join(f"'{each}'" for each in names.people)
    chosen = f"(ARRAY[{people}]::uuid[])[:s + 1]"
    text = re.sub(f"'{{{person}}}'::uuid\\[\\]", f"ARRAY[{chosen}]", text)
    text = re.sub(f"'{person}'(::uuid)?", chosen, text)
    text = _times(text, names)
    text = _ids(text, recorded)
    text = re.sub(r"'LUN-[A-Z0-9]+'", "'L-' || :client_id || '-' || :i", text)
    return text + ";"


def _times(text: str, names: Names) -> str:
    """Replace the instants and dates of the recorded slot, and of its day."""
    start = names.first + timedelta(minutes=names.minutes) * (SAMPLE // len(names.people))
    midnight = start.replace(hour=0, minute=0)
    spans = [(start, "k", f"{names.minutes} minutes"), (midnight, "d", "1 day")]

    def instant(found: re.Match[str]) -> str:
        moment = datetime.fromisoformat(found[1])
        for base, counter, step in spans:
            if abs(moment - base) <= timedelta(days=20) and (
                counter == "d" or moment in (start, start + timedelta(minutes=names.minutes))
            ):
                first = names.first + (moment - base)
                return f"(TIMESTAMPTZ '{first.isoformat()}' + :{counter} * INTERVAL '{step}')"
        return found[0]

    def day(found: re.Match[str]) -> str:
        offset = datetime.fromisoformat(found[1]).date() - midnight.date()
        return f"(DATE '{(names.first.date() + offset).isoformat()}' + :d)"

    text = re.sub(r"'(\d{4}-\d\d-\d\d \d\d:\d\d[^']*)'(::timestamptz)?", instant, text)
    return re.sub(r"'(\d{4}-\d\d-\d\d)'(::date)?", day, text)


def _ids(text: str, recorded: list[str]) -> str:
    """Give each id that was made for the recorded attempt a fresh one in each attempt."""
    whole = " ".join(" ".join(recorded).split())
    made = re.findall(rf"(?:VALUES \(|SELECT )'{ID}'(?:::uuid)?, '({ID})'", whole)
    for number, each in enumerate(dict.fromkeys(made)):
        fresh = f"md5('{number}:' || :client_id || ':' || :i)::uuid"
        text = re.sub(f"'{each}'(::uuid)?", fresh, text)
    return text


def _taken(search: str, names: Names) -> str:
    """Return the search with its answer handed back: does anything meet the slot?"""
    start = f"(TIMESTAMPTZ '{names.first.isoformat()}' + :k * INTERVAL '{names.minutes} minutes')"
    inner = search.rstrip(";")
    return (
        f"WITH load AS MATERIALIZED ({inner}) SELECT (SELECT count(*) FROM load l,"
        " unnest(l.starts, l.ends) AS u(a, b) WHERE l.kind = 'person'"
        f" AND u.a < date_part('epoch', {start}) + {names.minutes * 60}"
        f" AND u.b > date_part('epoch', {start})) AS taken \\gset"
    )


def _claimed(claim: str) -> str:
    """Return the claim with its answer handed back: how many rows did it insert?"""
    inner = claim.rstrip(";")
    return f"WITH done AS ({inner} RETURNING 1) SELECT count(*) AS claimed FROM done \\gset"

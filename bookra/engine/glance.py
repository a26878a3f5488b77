"""A glance at a business's slugs and codes, for a shell that completes a word: within a keystroke.

It speaks to libpq itself, which is there with psycopg: loading psycopg takes longer than a person
waits for a completion, asking takes three milliseconds. Slugs and codes alone, never a name. It
reads only, by the login's own rights, and whatever goes wrong is an empty list.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

MOST = 200
"""A shell asks before it shows so many."""

CONNECT_SECONDS = "2"  # the least that libpq takes
_OK, _TUPLES = 0, 2

BEGIN = "BEGIN READ ONLY; SET LOCAL statement_timeout = 500"
TENANTS = (
    "SELECT slug FROM bookra.tenants WHERE starts_with(slug, $1::text) ORDER BY slug LIMIT $2::int"
)
TENANT = "SELECT id FROM bookra.tenants WHERE slug = $1::text"
ENTER = "SELECT set_config('app.tenant', $1::text, true)"

_BOOKABLES = "SELECT slug AS word FROM bookra.bookables WHERE tenant_id = $1::uuid AND kind = "
_SOON = (
    "FROM bookra.bookings WHERE tenant_id = $1::uuid"
    " AND starts_at BETWEEN now() - interval '12 h' AND now() + interval '36 h'"
)
_FRESH = (
    "SELECT code AS word FROM bookra.orders"
    " WHERE tenant_id = $1::uuid AND created_at > now() - interval '2 d'"
)
WORDS: Mapping[str, str] = {
    "staff": f"{_BOOKABLES} 'staff' AND active",
    "resources": f"{_BOOKABLES} 'resource' AND active",
    "bookables": "SELECT slug AS word FROM bookra.bookables WHERE tenant_id = $1::uuid AND active",
    "services": "SELECT slug AS word FROM bookra.services WHERE tenant_id = $1::uuid AND active",
    "locations": "SELECT slug AS word FROM bookra.locations WHERE tenant_id = $1::uuid",
    "pools": "SELECT slug AS word FROM bookra.pools WHERE tenant_id = $1::uuid",
    "products": "SELECT slug AS word FROM bookra.products WHERE tenant_id = $1::uuid AND active",
    "promos": "SELECT code AS word FROM bookra.promo_codes WHERE tenant_id = $1::uuid AND active",
    "plans": "SELECT slug AS word FROM bookra.membership_plans"
    " WHERE tenant_id = $1::uuid AND active",
    "schedules": "SELECT name AS word FROM bookra.schedules"
    " WHERE tenant_id = $1::uuid AND removed_at IS NULL",
    # Whoever is at the desk means a visit of today, or of tomorrow.
    "bookings": f"SELECT code AS word {_SOON}",
    "orders": _FRESH,
    "owing": f"SELECT code AS word {_SOON} UNION ALL {_FRESH}",
    "wishes": "SELECT code AS word FROM bookra.wishes WHERE tenant_id = $1::uuid"
    " AND created_at > now() - interval '90 d'",
    "classes": "SELECT code AS word FROM bookra.sessions WHERE tenant_id = $1::uuid"
    " AND starts_at > now() - interval '12 h'",
    "memberships": "SELECT code AS word FROM bookra.memberships WHERE tenant_id = $1::uuid"
    " AND state <> 'cancelled'",
    "packages": "SELECT code AS word FROM bookra.packages WHERE tenant_id = $1::uuid",
    "invoices": "SELECT number AS word FROM bookra.invoices WHERE tenant_id = $1::uuid"
    " AND issued_at > now() - interval '40 d'",
}
"""What can be asked for. Codes of gift cards are worth money and so are not shown around."""


def tenants(conninfo: str, beginning: str) -> list[str]:
    """Return the slugs of the businesses that this login sees, by their ``beginning``."""
    with _Session(conninfo) as session:
        return session.words(TENANTS, beginning, str(MOST))


def words(conninfo: str, slug: str, what: str, beginning: str) -> list[str]:
    """Return the words of ``what`` in a business, by their ``beginning`` in either case."""
    with _Session(conninfo) as session:
        found = session.words(TENANT, slug)
        if not found:
            return []
        session.words(ENTER, found[0])
        asked = (
            f"SELECT word FROM ({WORDS[what]}) AS known"  # noqa: S608 - constants
            " WHERE starts_with(lower(word), lower($2::text)) ORDER BY word LIMIT $3::int"
        )
        return session.words(asked, found[0], beginning, str(MOST))


class _Session:
    """One connection and one transaction, through libpq's C functions; all texts."""

    def __init__(self, conninfo: str) -> None:
        os.environ.setdefault("PGCONNECT_TIMEOUT", CONNECT_SECONDS)
        self._libpq = _libpq()
        self._connection = self._libpq.PQconnectdb(conninfo.encode())

    def __enter__(self) -> _Session:
        if self._libpq.PQstatus(self._connection) == _OK:
            self._libpq.PQclear(self._libpq.PQexec(self._connection, BEGIN.encode()))
        return self

    def __exit__(self, *_: object) -> None:
        self._libpq.PQfinish(self._connection)

    def words(self, statement: str, *values: str) -> list[str]:
        """Return the first column; nothing when the server refuses."""
        given = (ctypes.c_char_p * len(values))(*(value.encode() for value in values))
        result = self._libpq.PQexecParams(
            self._connection, statement.encode(), len(values), None, given, None, None, 0
        )
        try:
            if self._libpq.PQresultStatus(result) != _TUPLES:
                return []
            rows = range(self._libpq.PQntuples(result))
            return [self._libpq.PQgetvalue(result, row, 0).decode() for row in rows]
        finally:
            self._libpq.PQclear(result)


def _libpq() -> Any:
    """Return libpq with the types of what is called; raises OSError where there is none."""
    library = ctypes.CDLL(_where())
    pointer, number, said = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
    for name, gives, takes in (
        ("PQconnectdb", pointer, [said]),
        ("PQstatus", number, [pointer]),
        ("PQexec", pointer, [pointer, said]),
        (
            "PQexecParams",
            pointer,
            [pointer, said, number, pointer, pointer, pointer, pointer, number],
        ),
        ("PQresultStatus", number, [pointer]),
        ("PQntuples", number, [pointer]),
        ("PQgetvalue", said, [pointer, number, number]),
        ("PQclear", None, [pointer]),
        ("PQfinish", None, [pointer]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = gives, takes
    return library


def _where() -> str:
    """Return the path of psycopg's own libpq, or of the system's."""
    spec = find_spec("psycopg")
    places: Sequence[Path] = ()
    if spec is not None and spec.origin is not None:
        site = Path(spec.origin).parents[1]
        places = [
            *site.glob("psycopg_binary.libs/libpq-*.so*"),
            *site.glob("psycopg_binary/.dylibs/libpq*.dylib"),
        ]
    found = str(places[0]) if places else ctypes.util.find_library("pq")
    if found is None:
        raise OSError("no libpq")
    return found

"""What the outside world remembers: one SQLite file a sandbox, which survives a kill -9.

Every request that changes something is one transaction here, so that a stand-in that dies at
any moment is found again either before or after the request, never between. The file is apart
from Bookra's database on purpose: the two must be able to disagree.
"""

from __future__ import annotations

import secrets
import sqlite3
import string
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Json = dict[str, Any]
"""A JSON object, as the imitated APIs send and receive them."""

FILE = "state.sqlite3"
BUSY_SECONDS = 30

_ALPHABET = string.ascii_letters + string.digits

_TABLES = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);

CREATE TABLE IF NOT EXISTS tokens (
  secret TEXT PRIMARY KEY, provider TEXT NOT NULL, kind TEXT NOT NULL, owner TEXT NOT NULL);

CREATE TABLE IF NOT EXISTS faults (
  provider TEXT NOT NULL, kind TEXT NOT NULL, remaining INTEGER, rate REAL, per_second REAL,
  seconds REAL, account TEXT, PRIMARY KEY (provider, kind));

CREATE TABLE IF NOT EXISTS objects (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, account TEXT NOT NULL,
  kind TEXT NOT NULL, created INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS objects_of_account ON objects (account, kind, created, sequence);
CREATE INDEX IF NOT EXISTS open_sessions ON objects (json_extract(body, '$.expires_at'))
  WHERE kind = 'checkout.session' AND json_extract(body, '$.status') = 'open';

CREATE TABLE IF NOT EXISTS idempotency (
  account TEXT NOT NULL, key TEXT NOT NULL, route TEXT NOT NULL, digest TEXT NOT NULL,
  status INTEGER NOT NULL, body TEXT NOT NULL, created INTEGER NOT NULL,
  PRIMARY KEY (account, key));

CREATE TABLE IF NOT EXISTS calendar_events (
  calendar TEXT NOT NULL, id TEXT NOT NULL, changed INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (calendar, id));
CREATE INDEX IF NOT EXISTS calendar_changes ON calendar_events (calendar, changed);

CREATE TABLE IF NOT EXISTS messages (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, sender TEXT NOT NULL,
  recipient TEXT NOT NULL, template TEXT, booking TEXT, created INTEGER NOT NULL,
  body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS message_statuses (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, message TEXT NOT NULL, body TEXT NOT NULL);

CREATE TABLE IF NOT EXISTS mails (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, sender TEXT NOT NULL,
  recipient TEXT NOT NULL, created INTEGER NOT NULL, body TEXT NOT NULL);

CREATE TABLE IF NOT EXISTS webhooks (
  id TEXT PRIMARY KEY, provider TEXT NOT NULL, url TEXT NOT NULL, secret TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, webhook TEXT NOT NULL, body TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL, answered INTEGER);
CREATE INDEX IF NOT EXISTS open_deliveries ON deliveries (due) WHERE answered IS NULL;
"""

_ADDED = (
    ("faults", "per_second", "REAL"),
    ("faults", "seconds", "REAL"),
    ("faults", "account", "TEXT"),
)
"""Columns that a file of an earlier release lacks."""


class State:
    """The state file and its connections: any thread may ask for one, one at a time writes."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._path = directory / FILE
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        with self._connection() as tx:
            tx.executescript(_TABLES)
            for table, column, kind in _ADDED:
                known = {row["name"] for row in tx.execute(f"PRAGMA table_info({table})")}
                if column not in known:
                    tx.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Give a transaction that holds SQLite's write lock; commit it, or roll back on error."""
        with self._connection() as tx, _transaction(tx, "BEGIN IMMEDIATE"):
            yield tx

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give a transaction that sees one snapshot and waits for nobody."""
        with self._connection() as tx, _transaction(tx, "BEGIN"):
            yield tx

    def close(self) -> None:
        """Close the idle connections; the file itself needs no goodbye."""
        with self._lock:
            while self._idle:
                self._idle.pop().close()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        connection = connection or self._open()
        try:
            yield connection
        finally:
            with self._lock:
                self._idle.append(connection)

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection


@contextmanager
def _transaction(tx: sqlite3.Connection, begin: str) -> Iterator[None]:
    tx.execute(begin)
    try:
        yield
        tx.execute("COMMIT")
    except BaseException:
        if tx.in_transaction:
            tx.execute("ROLLBACK")
        raise


def now(tx: sqlite3.Connection) -> int:
    """Return the sandbox's time in epoch seconds: the machine's, plus what a person moved on."""
    return int(time.time()) + int(setting(tx, "clock_ahead_seconds") or 0)


def setting(tx: sqlite3.Connection, name: str) -> str | None:
    """Return a remembered value, or None."""
    row = tx.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row["value"])


def remember(tx: sqlite3.Connection, name: str, value: str) -> None:
    """Store a value under ``name``, whatever stood there before."""
    tx.execute("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", (name, value))


def random_id(prefix: str, length: int = 24) -> str:
    """Return ``prefix`` and random letters and digits, the way the imitated APIs name things."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(length))


def issue_token(
    tx: sqlite3.Connection, secret: str, *, provider: str, kind: str, owner: str
) -> str:
    """Make ``secret`` valid for ``owner`` (an account, a calendar, a sender), and return it."""
    tx.execute(
        "INSERT INTO tokens (secret, provider, kind, owner) VALUES (?, ?, ?, ?)",
        (secret, provider, kind, owner),
    )
    return secret


def token_owner(
    tx: sqlite3.Connection, secret: str, *, provider: str, kind: str = "access"
) -> str | None:
    """Return whose token this is, or None when the sandbox never issued it."""
    row = tx.execute(
        "SELECT owner FROM tokens WHERE secret = ? AND provider = ? AND kind = ?",
        (secret, provider, kind),
    ).fetchone()
    return None if row is None else str(row["owner"])

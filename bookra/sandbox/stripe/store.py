"""Stripe's objects as they are kept and given out: found, listed, expanded."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bookra.sandbox.state import Json
from bookra.sandbox.stripe.errors import bad_parameter, missing_object
from bookra.sandbox.stripe.forms import Group, Integer, Items, Shape, Span, Text

EXPANDABLE = frozenset(
    "application_fee balance_transaction charge customer failure_balance_transaction latest_charge "
    "payment_intent payment_method setup_intent source".split()
)
EXPAND = Items(Text(), most=20)
LIST: Mapping[str, Shape] = {
    "limit": Integer(1, 100),
    "starting_after": Text(),
    "ending_before": Text(),
    "expand": EXPAND,
    "created": Span(),
}
"""The parameters that every list takes."""

_OLDER = """
SELECT body FROM objects AS o
WHERE account = :account AND kind = :kind
  AND created >= :start AND created < :end
  AND (:edge_created IS NULL OR (created, sequence) < (:edge_created, :edge_sequence))
  AND (:types IS NULL OR json_extract(body, '$.type') IN (SELECT value FROM json_each(:types)))
  AND NOT EXISTS (
    SELECT 1 FROM json_each(:equal) AS f WHERE json_extract(o.body, f.key) IS NOT f.value)
ORDER BY created DESC, sequence DESC LIMIT :rows
"""
_NEWER = """
SELECT body FROM objects AS o
WHERE account = :account AND kind = :kind
  AND created >= :start AND created < :end
  AND (created, sequence) > (:edge_created, :edge_sequence)
  AND (:types IS NULL OR json_extract(body, '$.type') IN (SELECT value FROM json_each(:types)))
  AND NOT EXISTS (
    SELECT 1 FROM json_each(:equal) AS f WHERE json_extract(o.body, f.key) IS NOT f.value)
ORDER BY created, sequence LIMIT :rows
"""


@dataclass(frozen=True, slots=True)
class Call:
    """One request as an endpoint sees it: whose money, when, with which checked parameters.

    ``request_id`` and ``key`` are None when a person pays on the Checkout page.
    """

    tx: sqlite3.Connection
    account: str
    platform: str
    now: int
    base_url: str = ""
    request_id: str | None = None
    key: str | None = None
    params: Json = field(default_factory=dict)

    @property
    def connected(self) -> bool:
        """Tell whether the platform acts for a connected account."""
        return self.account != self.platform


def add(call: Call, body: Json, account: str | None = None) -> Json:
    """Store a new object for the call's account (or another), and return it."""
    call.tx.execute(
        "INSERT INTO objects (id, account, kind, created, body) VALUES (?, ?, ?, ?, ?)",
        (body["id"], account or call.account, body["object"], call.now, json.dumps(body)),
    )
    return body


def save(call: Call, body: Json) -> Json:
    """Store the new state of an object, and return it."""
    call.tx.execute("UPDATE objects SET body = ? WHERE id = ?", (json.dumps(body), body["id"]))
    return body


def find(call: Call, kind: str, identifier: str, *, param: str | None = None) -> Json:
    """Return an object of the account, else refuse; ``param`` names where the id came from."""
    row = call.tx.execute(
        "SELECT body FROM objects WHERE id = ? AND account = ? AND kind = ?",
        (identifier, call.account, kind),
    ).fetchone()
    if row is None:
        raise missing_object(kind.rpartition(".")[2], identifier, param)
    return _loaded(row, call.now)


def every(call: Call, kind: str, **equal: Any) -> list[Json]:
    """Return all objects of a kind whose top-level fields equal ``equal``, newest first."""
    return _rows(call, kind, equal, rows=-1)


def page(
    call: Call,
    kind: str,
    url: str,
    *,
    equal: Mapping[str, Any] | None = None,
    types: Sequence[str] | None = None,
    since: int = 0,
) -> Json:
    """Return Stripe's list document for the call's ``limit``, cursors and ``created``."""
    limit = call.params.get("limit", 10)
    start, end = call.params.get("created", (None, None))
    before = call.params.get("ending_before")
    cursor = before or call.params.get("starting_after")
    if before and call.params.get("starting_after"):
        raise bad_parameter("Received both ending_before and starting_after", "ending_before")
    param = "ending_before" if before else "starting_after"
    found = _rows(
        call,
        kind,
        equal or {},
        types=types,
        span=(max(start or 0, since), end),
        edge=None if cursor is None else _edge(call, kind, cursor, param),
        newer=before is not None,
        rows=limit + 1,
    )
    data = found[:limit]
    if before:
        data.reverse()
    return {"object": "list", "data": data, "has_more": len(found) > limit, "url": url}


def _rows(
    call: Call,
    kind: str,
    equal: Mapping[str, Any],
    *,
    types: Sequence[str] | None = None,
    span: tuple[int, int | None] = (0, None),
    edge: tuple[int, int] | None = None,
    newer: bool = False,
    rows: int,
) -> list[Json]:
    # The edge limits the span as well: the index goes by that, so the last page of a million
    # objects takes no longer than the first.
    start, end = span[0], 2**62 if span[1] is None else span[1]
    if edge is not None:
        start, end = (max(start, edge[0]), end) if newer else (start, min(end, edge[0] + 1))
    binds = {
        "account": call.account,
        "kind": kind,
        "start": start,
        "end": end,
        "edge_created": edge and edge[0],
        "edge_sequence": edge and edge[1],
        "types": None if types is None else json.dumps(list(types)),
        "equal": json.dumps({f"$.{name}": v for name, v in equal.items() if v is not None}),
        "rows": rows,
    }
    found = call.tx.execute(_NEWER if newer else _OLDER, binds).fetchall()
    return [_loaded(row, call.now) for row in found]


def _edge(call: Call, kind: str, cursor: str, param: str) -> tuple[int, int]:
    row = call.tx.execute(
        "SELECT created, sequence FROM objects WHERE id = ? AND account = ? AND kind = ?",
        (cursor, call.account, kind),
    ).fetchone()
    if row is None:
        raise missing_object(kind.rpartition(".")[2], cursor, param)
    return int(row["created"]), int(row["sequence"])


def _loaded(row: sqlite3.Row, now: int) -> Json:
    body: Json = json.loads(row["body"])
    if body["object"] == "balance_transaction":
        body["status"] = "available" if body["available_on"] <= now else "pending"
    return body


def expand(call: Call, body: Json, paths: Sequence[str]) -> Json:
    """Replace ids by the objects they name, along paths such as ``data.source``."""
    for path in paths:
        parts = path.split(".")
        if len(parts) > 4:
            raise bad_parameter("You cannot expand more than 4 levels of a property", "expand")
        _expand(call, body, parts, path)
    return body


def _expand(call: Call, node: Json, parts: list[str], path: str) -> None:
    name, rest = parts[0], parts[1:]
    if name == "data" and isinstance(node.get("data"), list):
        for item in node["data"]:
            _expand(call, item, rest, path)
        return
    if name not in EXPANDABLE or name not in node:
        raise bad_parameter(
            f"This property cannot be expanded ({path}). You may want to try expanding "
            f"'data.{path}' if this is a list.",
            "expand",
        )
    if isinstance(node[name], str):
        row = call.tx.execute(
            "SELECT body FROM objects WHERE id = ? AND account = ?", (node[name], call.account)
        ).fetchone()
        if row is not None:
            node[name] = _loaded(row, call.now)
    if rest and isinstance(node[name], dict):
        _expand(call, node[name], rest, path)


def list_parameters(**more: Shape) -> Group:
    """Return the declaration of a list endpoint with filters of its own."""
    return Group({**LIST, **more})


def public(value: Any) -> Any:
    """Return a document without the stand-in's own notes: names that start with ``_``."""
    if isinstance(value, dict):
        return {name: public(item) for name, item in value.items() if not name.startswith("_")}
    return [public(item) for item in value] if isinstance(value, list) else value

"""Everything that is held of one person, in one document that a program can read.

It is what the inventory lists, row by row as it is stored, so that nothing is left out because
somebody found it unimportant. Who of the business's people wrote a row is not the person's data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text

from bookra.clock import rfc3339
from bookra.engine.privacy.inventory import HELD, Held
from bookra.engine.runtime import Tx

FORMAT = 1
OURS = "ARRAY['tenant_id', 'changed_by', 'recorded_by', 'written_in']"


def _statement(held: Held) -> TextClause:
    return text(
        f"SELECT to_jsonb(t) - {OURS} AS row FROM {held.table} t"  # noqa: S608 - constants
        f" WHERE t.tenant_id = :tenant_id AND {held.where} ORDER BY t.id"
    )


STATEMENTS: Mapping[str, TextClause] = {held.table: _statement(held) for held in HELD}


def everything_of(tx: Tx, customer_id: UUID) -> dict[str, Any]:
    """Return all that is held of a customer; amounts in minor units, instants as stored, in UTC.

    Names them among the transaction's subjects, so that the audit tells who took it out.
    """
    tables = {
        name: [row.row for row in tx.rows(statement, customer_id=customer_id)]
        for name, statement in STATEMENTS.items()
    }
    tx.concerns("customer", customer_id)
    return {
        "format": FORMAT,
        "business": tx.tenant.name,
        "exported_at": rfc3339(tx.now, tx.tenant.zone),
        "summary": _summary(tables),
        "meaning": {held.table: held.what for held in HELD if tables[held.table]},
        "tables": {name: rows for name, rows in tables.items() if rows},
    }


def summary_text(document: Mapping[str, Any]) -> str:
    """Return a plain page that says what the export holds."""
    lines = [f"What {document['business']} holds of you, {document['exported_at']}", ""]
    lines += [f"{name}: {value}" for name, value in document["summary"].items() if value]
    lines += ["", "All of it, as it is stored, is in data.json:", ""]
    for table, what in document["meaning"].items():
        lines.append(f"{len(document['tables'][table]):>6}  {table}: {what}")
    return "\n".join(lines) + "\n"


def _summary(tables: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
    person = tables["customers"][0]
    starts = sorted(row["starts_at"] for row in tables["bookings"])
    return {
        "name": person["name"],
        "phone": person["phone"],
        "email": person["email"],
        "known_since": person["created_at"],
        "visits": len(starts),
        "first_visit": starts[0] if starts else None,
        "last_visit": starts[-1] if starts else None,
        "invoices": len(tables["invoices"]),
        "messages": len(tables["messages"]),
        "consents": len(tables["consents"]),
    }

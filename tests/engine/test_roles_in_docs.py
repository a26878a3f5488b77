"""The table of docs/operators.md says what PostgreSQL grants."""

from __future__ import annotations

import re
from pathlib import Path

from catalogue import names, rows
from sqlalchemy import Connection

PAGE = Path(__file__).parents[2] / "docs" / "operators.md"
GROUPS = ("front_desk", "manager", "tenant_owner", "relay", "platform")
GRANTED = """
    SELECT CASE WHEN has_any_column_privilege(CAST(:who AS name), c.oid, 'UPDATE') THEN 'changes'
                WHEN has_any_column_privilege(CAST(:who AS name), c.oid, 'INSERT') THEN 'adds'
                WHEN has_table_privilege(CAST(:who AS name), c.oid, 'SELECT') THEN 'reads'
                ELSE '–' END AS may
      FROM pg_class c
     WHERE c.relnamespace = 'bookra'::regnamespace AND c.relname = :table
"""


def test_each_role_may_do_what_the_page_says(catalogue: Connection) -> None:
    lines = PAGE.read_text("utf-8").splitlines()
    header = lines.index("| | front-desk | manager | owner | relay | platform |")
    said, wrong = 0, []
    for line in lines[header + 2 : lines.index("", header)]:
        title, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        for table in re.findall(r"`(\w+)`", title):
            for group, cell in zip(GROUPS, cells, strict=True):
                (row,) = rows(catalogue, GRANTED, who=f"bookra_{group}", table=table)
                said += 1
                if row.may != cell:
                    wrong.append(f"{table}: {group} {row.may}, the page says {cell}")
    assert not wrong, "\n".join(wrong)
    assert said > 200


def test_what_the_page_says_nobody_deletes_nobody_may(catalogue: Connection) -> None:
    written_once = ("entries", "transfers", "audit", "invoices", "booking_changes", "consents")
    deleted = names(
        catalogue,
        "SELECT g.rolname || ' ' || c.relname FROM pg_class c, pg_roles g"
        " WHERE c.relnamespace = 'bookra'::regnamespace AND c.relname = ANY(:tables)"
        " AND g.rolname = ANY(:groups) AND has_table_privilege(g.oid, c.oid, 'DELETE')",
        tables=list(written_once),
        groups=[f"bookra_{group}" for group in GROUPS],
    )
    assert deleted == set()

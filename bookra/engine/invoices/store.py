"""Reads invoices and credit notes back, and writes them under the year's counter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import Row, text

from bookra.engine.invoices.document import InvoiceDocument
from bookra.engine.invoices.stored import from_json, to_json
from bookra.engine.runtime import Tx
from bookra.errors import NotFoundError
from bookra.ids import new_id
from bookra.money import Money

KINDS = ("invoice", "credit-note")

NEXT_NUMBER = text(
    """
    INSERT INTO invoice_counters (tenant_id, id, year, last_number)
    VALUES (:tenant_id, :id, :year, 1)
    ON CONFLICT (tenant_id, year) DO UPDATE
       SET last_number = invoice_counters.last_number + 1, changed_by = EXCLUDED.changed_by
    RETURNING last_number
    """
)
INSERT = text(
    """
    INSERT INTO invoices (tenant_id, id, number, year, sequence, kind, booking_id, order_id,
                          corrects, refund_key, issued_at, net_minor, tax_minor, gross_minor,
                          currency, document)
    VALUES (:tenant_id, :id, :number, :year, :sequence, :kind, :booking_id, :order_id,
            :corrects, :refund_key, :issued_at, :net_minor, :tax_minor, :gross_minor,
            :currency, :document)
    """
)
SELECT = """
    SELECT i.id, i.number, i.kind, i.issued_at, i.net_minor, i.tax_minor, i.gross_minor,
           i.currency, i.document, b.code AS booking, o.code AS order_code, c.number AS corrects
      FROM invoices i
      LEFT JOIN bookings b ON b.tenant_id = i.tenant_id AND b.id = i.booking_id
      LEFT JOIN orders o ON o.tenant_id = i.tenant_id AND o.id = i.order_id
      LEFT JOIN invoices c ON c.tenant_id = i.tenant_id AND c.id = i.corrects
     WHERE i.tenant_id = :tenant_id
"""
BETWEEN = text(
    SELECT
    + """
       AND (CAST(:start AS timestamptz) IS NULL OR i.issued_at >= :start)
       AND (CAST(:until AS timestamptz) IS NULL OR i.issued_at < :until)
       AND (CAST(:kind AS text) IS NULL OR i.kind = :kind)
     ORDER BY i.year, i.sequence
    """
)
# By the code of a booking or an order it is the invoice that is meant, not a credit note to it.
BY_NAME = text(
    SELECT
    + """
       AND (i.number = :name OR i.kind = 'invoice' AND (b.code = :name OR o.code = :name))
     ORDER BY i.number = :name DESC LIMIT 1
    """
)
BY_SUBJECT = text(
    SELECT + " AND i.kind = 'invoice' AND (i.booking_id = :booking_id OR i.order_id = :order_id)"
)
BY_REFUND = text(SELECT + " AND i.refund_key = :refund_key")


@dataclass(frozen=True, slots=True)
class Invoice:
    """An issued invoice, or a credit note that ``corrects`` one (its number).

    It is of a booking or of an order, by code. ``document`` is its whole content, as printed.
    """

    id: UUID
    number: str
    kind: str
    booking: str | None
    order: str | None
    corrects: str | None
    issued_at: datetime
    net: Money
    tax: Money
    gross: Money
    document: InvoiceDocument


@dataclass(frozen=True, slots=True)
class Subject:
    """What an invoice is about: a booking or an order; for a credit note also what it corrects."""

    booking_id: UUID | None
    order_id: UUID | None
    corrects: UUID | None = None
    refund_key: str | None = None


@dataclass(frozen=True, slots=True)
class Number:
    """A number that was just drawn; a rollback gives it back."""

    year: int
    sequence: int
    text: str


def draw_number(tx: Tx) -> Number:
    """Draw the next number of the year in the business's zone.

    Locks the year's counter until the transaction ends: that is why there is no gap.
    """
    year = tx.now.astimezone(tx.tenant.zone).year
    row = tx.row(NEXT_NUMBER, id=new_id(), year=year)
    assert row is not None
    return Number(year, row.last_number, f"{tx.tenant.code_prefix}-{year}-{row.last_number:05d}")


def insert(tx: Tx, number: Number, subject: Subject, document: InvoiceDocument) -> Invoice:
    """Store a document under its number and return it."""
    invoice_id = new_id()
    tx.run(
        INSERT,
        id=invoice_id,
        number=number.text,
        year=number.year,
        sequence=number.sequence,
        kind=document.kind.replace("_", "-"),
        booking_id=subject.booking_id,
        order_id=subject.order_id,
        corrects=subject.corrects,
        refund_key=subject.refund_key,
        issued_at=tx.now,
        net_minor=document.totals.net.minor,
        tax_minor=document.totals.tax.minor,
        gross_minor=document.totals.gross.minor,
        currency=document.currency,
        document=Jsonb(to_json(document)),
    )
    tx.concerns("invoice", number.text)
    return Invoice(
        invoice_id,
        number.text,
        document.kind.replace("_", "-"),
        document.booking_code or None,
        document.order_code or None,
        document.corrects or None,
        tx.now,
        document.totals.net,
        document.totals.tax,
        document.totals.gross,
        document,
    )


def invoices(
    tx: Tx,
    *,
    start: datetime | None = None,
    until: datetime | None = None,
    kind: str | None = None,
) -> list[Invoice]:
    """Return invoices and credit notes issued in ``[start, until)``, by number."""
    rows: Sequence[Row[Any]] = tx.rows(BETWEEN, start=start, until=until, kind=kind)
    return [_invoice(row) for row in rows]


def find_invoice(tx: Tx, name: str) -> Invoice:
    """Return what has this number, or the invoice of this booking or order.

    Raises NotFoundError (``unknown_invoice``).
    """
    row = tx.row(BY_NAME, name=name.strip().upper())
    if row is None:
        raise NotFoundError(
            "unknown_invoice",
            f"There is no invoice '{name}'",
            hint="List them: bookra invoice list",
            details={"invoice": name},
        )
    return _invoice(row)


def invoice_of(tx: Tx, subject: Subject) -> Invoice | None:
    """Return the invoice of a booking or an order, if there is one."""
    row = tx.row(BY_SUBJECT, booking_id=subject.booking_id, order_id=subject.order_id)
    return None if row is None else _invoice(row)


def credit_note_of(tx: Tx, refund_key: str) -> Invoice | None:
    """Return the credit note of a refund, if there is one."""
    row = tx.row(BY_REFUND, refund_key=refund_key)
    return None if row is None else _invoice(row)


def _invoice(row: Row[Any]) -> Invoice:
    return Invoice(
        row.id,
        row.number,
        row.kind,
        row.booking,
        row.order_code,
        row.corrects,
        row.issued_at,
        Money(row.net_minor, row.currency),
        Money(row.tax_minor, row.currency),
        Money(row.gross_minor, row.currency),
        from_json(row.document),
    )

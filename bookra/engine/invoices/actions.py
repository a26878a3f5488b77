"""Issuing invoices: gapless numbers a year, content that never changes, once a booking.

The counter row is locked in the transaction that stores the invoice: a rollback gives the number
back, so there is no gap under crashes. The PDF is made from the stored document when it is wanted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import Row, text

from bookra.engine.bookings.model import Booking
from bookra.engine.bookings.store import locked_by_id
from bookra.engine.invoices.document import (
    Brand,
    InvoiceDocument,
    InvoiceLine,
    Party,
    TaxRow,
    Totals,
)
from bookra.engine.people.customers import Customer, customer_by_id
from bookra.engine.runtime import Tx
from bookra.errors import NotFoundError
from bookra.ids import new_id
from bookra.money import Money

NEXT_NUMBER = text(
    """
    INSERT INTO invoice_counters (tenant_id, id, year, last_number)
    VALUES (:tenant_id, :id, :year, 1)
    ON CONFLICT (tenant_id, year) DO UPDATE
       SET last_number = invoice_counters.last_number + 1, changed_by = session_user
    RETURNING last_number
    """
)
INSERT = text(
    """
    INSERT INTO invoices (tenant_id, id, number, year, sequence, booking_id, issued_at, net_minor,
                          tax_minor, gross_minor, currency, document)
    VALUES (:tenant_id, :id, :number, :year, :sequence, :booking_id, :issued_at, :net_minor,
            :tax_minor, :gross_minor, :currency, :document)
    """
)
SELECT = """
    SELECT i.number, i.issued_at, i.net_minor, i.tax_minor, i.gross_minor, i.currency, i.document,
           b.code AS booking
      FROM invoices i
      JOIN bookings b ON b.tenant_id = i.tenant_id AND b.id = i.booking_id
     WHERE i.tenant_id = :tenant_id
"""
ALL = text(SELECT + " ORDER BY i.year, i.sequence")
BY_NUMBER_OR_CODE = text(SELECT + " AND (i.number = :name OR b.code = :name)")
BY_BOOKING = text(SELECT + " AND i.booking_id = :booking_id")
PAYMENTS = text(
    """
    SELECT e.kind, e.effective_at,
           COALESCE(sum(t.amount_minor) FILTER (WHERE starts_with(a.code, 'liabilities:tips:')), 0)
             ::bigint AS tip_minor
      FROM entries e
      JOIN transfers t ON t.tenant_id = e.tenant_id AND t.entry_id = e.id
      JOIN accounts a ON a.tenant_id = t.tenant_id AND a.id = t.credit_account_id
     WHERE e.tenant_id = :tenant_id AND e.booking_id = :booking_id
       AND e.kind IN ('card_payment', 'cash_payment')
     GROUP BY e.id, e.kind, e.effective_at
     ORDER BY e.effective_at
    """
)


PAID_WORDS = {
    "en": ("Paid by card on {day}", "Paid in cash on {day}"),
    "de": ("Bezahlt mit Karte am {day}", "Bar bezahlt am {day}"),
    "fr": ("Payé par carte le {day}", "Payé en espèces le {day}"),
    "es": ("Pagado con tarjeta el {day}", "Pagado en efectivo el {day}"),
}


@dataclass(frozen=True, slots=True)
class Invoice:
    """An issued invoice. ``document`` is its whole content, as printed."""

    number: str
    booking: str
    issued_at: datetime
    net: Money
    tax: Money
    gross: Money
    document: InvoiceDocument


def issue(tx: Tx, booking_id: UUID) -> Invoice:
    """Issue the invoice of a paid booking, or return the one that it has.

    Locks the booking, then the year's counter until the transaction ends.
    """
    booking = locked_by_id(tx, booking_id)
    known = tx.row(BY_BOOKING, booking_id=booking_id)
    if known is not None:
        return _invoice(known)
    local = tx.now.astimezone(tx.tenant.zone)
    row = tx.row(NEXT_NUMBER, id=new_id(), year=local.year)
    assert row is not None
    number = f"{tx.tenant.code_prefix}-{local.year}-{row.last_number:05d}"
    customer = customer_by_id(tx, booking.customer_id)
    document = _document(tx, booking, customer, number)
    tx.run(
        INSERT,
        id=new_id(),
        number=number,
        year=local.year,
        sequence=row.last_number,
        booking_id=booking.id,
        issued_at=tx.now,
        net_minor=document.totals.net.minor,
        tax_minor=document.totals.tax.minor,
        gross_minor=document.totals.gross.minor,
        currency=document.currency,
        document=Jsonb(document.to_json()),
    )
    tx.concerns("invoice", number)
    return Invoice(
        number,
        booking.code,
        tx.now,
        document.totals.net,
        document.totals.tax,
        document.totals.gross,
        document,
    )


def invoices(tx: Tx) -> list[Invoice]:
    """Return every invoice of the tenant, in the order of their numbers."""
    return [_invoice(row) for row in tx.rows(ALL)]


def find_invoice(tx: Tx, name: str) -> Invoice:
    """Return the invoice with this number, or of this booking; raises ``unknown_invoice``."""
    row = tx.row(BY_NUMBER_OR_CODE, name=name.strip().upper())
    if row is None:
        raise NotFoundError(
            "unknown_invoice",
            f"There is no invoice '{name}'",
            hint="List them: bookra invoice list",
            details={"invoice": name},
        )
    return _invoice(row)


def _document(tx: Tx, booking: Booking, customer: Customer, number: str) -> InvoiceDocument:
    brand, currency = tx.tenant.brand, tx.tenant.currency
    local = booking.starts_at.astimezone(tx.tenant.zone)
    payments = tx.rows(PAYMENTS, booking_id=booking.id)
    tip = sum(payment.tip_minor for payment in payments)
    net = sum(line.net.minor for line in booking.lines)
    tax = sum(line.tax.minor for line in booking.lines)
    return InvoiceDocument(
        number=number,
        issued_on=tx.now.astimezone(tx.tenant.zone).date(),
        service_date=local.date(),
        booking_code=booking.code,
        language=brand.language,
        currency=currency,
        seller=Party(
            name=brand.legal_name,
            address=tuple(line.strip() for line in brand.address.split("\n") if line.strip()),
            vat_id=brand.vat_id,
            email=brand.email,
            phone=brand.phone,
            country=tx.tenant.country,
        ),
        customer=Party(name=customer.name, email=customer.email or ""),
        brand=Brand(
            logo_text=brand.logo_text, primary=brand.primary_color, accent=brand.accent_color
        ),
        lines=tuple(_lines(tx, booking)),
        tax_rows=tuple(_tax_rows(booking)),
        totals=Totals(
            net=Money(net, currency),
            tax=Money(tax, currency),
            tip=Money(tip, currency),
            gross=Money(net + tax + tip, currency),
            paid=Money(booking.paid.minor + tip, currency),
            due=Money(net + tax - booking.paid.minor, currency),
        ),
        payment_note=_payment_note(tx, payments[-1]) if payments else "",
    )


def _lines(tx: Tx, booking: Booking) -> list[InvoiceLine]:
    return [
        InvoiceLine(
            description=line.service_name,
            detail=f"{line.staff_name} · {_when(tx, line.starts_at)}",
            net=line.net,
            tax_bps=line.tax_bps,
            tax=line.tax,
            gross=line.net + line.tax,
        )
        for line in booking.lines
    ]


def _when(tx: Tx, instant: datetime) -> str:
    from babel.dates import format_datetime

    local = instant.astimezone(tx.tenant.zone)
    return format_datetime(local, "short", locale=tx.tenant.brand.language)


def _tax_rows(booking: Booking) -> list[TaxRow]:
    rows = []
    for rate in sorted({line.tax_bps for line in booking.lines}):
        lines = [line for line in booking.lines if line.tax_bps == rate]
        currency = lines[0].net.currency
        net = Money(sum(line.net.minor for line in lines), currency)
        tax = Money(sum(line.tax.minor for line in lines), currency)
        rows.append(TaxRow(rate_bps=rate, net=net, tax=tax))
    return rows


def _payment_note(tx: Tx, payment: Row[Any]) -> str:
    """Say how it was paid, in the document's language: it is stored and never worded again."""
    from babel.dates import format_date

    language = tx.tenant.brand.language
    by_card, in_cash = PAID_WORDS.get(language, PAID_WORDS["en"])
    words = by_card if payment.kind == "card_payment" else in_cash
    day = payment.effective_at.astimezone(tx.tenant.zone).date()
    return words.format(day=format_date(day, "long", locale=language))


def _invoice(row: Row[Any]) -> Invoice:
    return Invoice(
        row.number,
        row.booking,
        row.issued_at,
        Money(row.net_minor, row.currency),
        Money(row.tax_minor, row.currency),
        Money(row.gross_minor, row.currency),
        InvoiceDocument.from_json(row.document),
    )

"""What an invoice or a credit note consists of, gathered from the sale and from the ledger.

Prices are those of the sale's lines and items. What was paid, and what a refund took back line by
line, the ledger says: nothing is worked out twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, text

from bookra.engine.invoices.document import (
    Brand,
    InvoiceDocument,
    InvoiceLine,
    Party,
    Payment,
    TaxRow,
    Totals,
)
from bookra.engine.invoices.sold import Sale, local_date, untaxed
from bookra.engine.invoices.wording import words
from bookra.engine.ledger import chart
from bookra.engine.people.customers import customer_by_id
from bookra.engine.runtime import Tx
from bookra.money import Money

METHODS = {code: method for method, code in chart.TENDERS.items()}

# What came in for a sale, by entry; what went back of it before it was revenue is negative.
PAYMENTS = text(
    """
    SELECT e.effective_at, e.kind, d.code AS debit, c.code AS credit,
           sum(t.amount_minor)::bigint AS amount_minor
      FROM entries e
      JOIN transfers t ON t.tenant_id = e.tenant_id AND t.entry_id = e.id
      JOIN accounts d ON d.tenant_id = t.tenant_id AND d.id = t.debit_account_id
      JOIN accounts c ON c.tenant_id = t.tenant_id AND c.id = t.credit_account_id
     WHERE e.tenant_id = :tenant_id
       AND (e.booking_id = :booking_id OR e.order_id = :order_id)
       AND (e.kind = ANY(:paid_by) AND d.code = ANY(:tenders)
            OR d.code = :deposits AND c.code = ANY(:tenders))
     GROUP BY e.id, e.effective_at, e.kind, d.code, c.code
     ORDER BY e.effective_at, e.id, c.code
    """
)
TAKEN_BACK = text(
    """
    SELECT e.effective_at, a.code, COALESCE(p.booking_line_id, p.item_id) AS part,
           sum(p.amount_minor)::bigint AS amount_minor
      FROM entries e
      JOIN postings p ON p.tenant_id = e.tenant_id AND p.entry_id = e.id
      JOIN accounts a ON a.tenant_id = p.tenant_id AND a.id = p.account_id
     WHERE e.tenant_id = :tenant_id AND e.key = :refund_key
     GROUP BY e.effective_at, a.code, part
     ORDER BY a.code
    """
)


def invoice_document(tx: Tx, sale: Sale, number: str) -> InvoiceDocument:
    """Return the invoice of a sale, with every payment so far."""
    lines = tuple(sold.line for sold in sale.lines)
    paid, tip = _payments(tx, sale)
    return _document(tx, sale, "invoice", number, lines, tip, tuple(paid))


def credit_document(
    tx: Tx, sale: Sale, number: str, refund_key: str, corrects: str
) -> InvoiceDocument | None:
    """Return the credit note of a refund's entry; None when it took back nothing that was sold.

    What was kept of the price as a fee is a line of its own: so the note says what was given up
    and what is charged in its place. A later refund of that fee takes this line back.
    """
    rows = tx.rows(TAKEN_BACK, refund_key=refund_key)
    back: dict[UUID | None, list[int]] = {}
    for row in rows:
        if row.part is not None and row.code == chart.REFUNDS:
            back.setdefault(row.part, [0, 0])[0] += row.amount_minor
        elif row.part is not None and row.code.startswith(chart.TAX_PREFIX):
            back.setdefault(row.part, [0, 0])[1] += row.amount_minor
    lines = [_taken_back(sold.line, *back[sold.part]) for sold in sale.lines if sold.part in back]
    for code in (chart.NO_SHOW, chart.LATE_CANCEL):
        if fee := -sum(row.amount_minor for row in rows if row.code == code):
            name = words(code.removeprefix("income:"), tx.tenant.brand.language)
            lines.append(untaxed(name, Money(fee, sale.currency)))
    if not lines:
        return None
    tip = -sum(row.amount_minor for row in rows if row.code.startswith(chart.TIPS_PREFIX))
    given = _given_back(tx, sale, rows, sum(line.gross.minor for line in lines) + tip)
    return _document(tx, sale, "credit_note", number, tuple(lines), tip, given, corrects)


def _document(
    tx: Tx,
    sale: Sale,
    kind: Literal["invoice", "credit_note"],
    number: str,
    lines: tuple[InvoiceLine, ...],
    tip_minor: int,
    payments: tuple[Payment, ...],
    corrects: str = "",
) -> InvoiceDocument:
    brand, currency = tx.tenant.brand, sale.currency
    net, tax = (sum(getattr(line, name).minor for line in lines) for name in ("net", "tax"))
    paid, gross = sum(payment.amount.minor for payment in payments), net + tax + tip_minor
    amounts = (net, tax, tip_minor, gross, paid, gross - paid)
    names = ("net", "tax", "tip", "gross", "paid", "due")
    return InvoiceDocument(
        number=number,
        kind=kind,
        corrects=corrects,
        issued_on=local_date(tx, tx.now),
        service_date=sale.served_on,
        booking_code=sale.code if sale.booking_id else "",
        order_code=sale.code if sale.order_id else "",
        language=brand.language,
        currency=currency,
        seller=_seller(tx),
        customer=_customer(tx, sale),
        brand=Brand(
            logo_text=brand.logo_text, primary=brand.primary_color, accent=brand.accent_color
        ),
        lines=lines,
        tax_rows=_tax_rows(lines),
        totals=Totals(**{n: Money(a, currency) for n, a in zip(names, amounts, strict=True)}),
        payments=payments,
        note=sale.note,
    )


def _taken_back(line: InvoiceLine, net_minor: int, tax_minor: int) -> InvoiceLine:
    currency = line.net.currency
    return InvoiceLine(
        description=line.description,
        detail=line.detail,
        net=Money(-net_minor, currency),
        tax_bps=line.tax_bps,
        tax=Money(-tax_minor, currency),
        gross=Money(-net_minor - tax_minor, currency),
    )


def _given_back(
    tx: Tx, sale: Sale, rows: Sequence[Row[Any]], total_minor: int
) -> tuple[Payment, ...]:
    """Return how so much was given back (``total_minor`` is negative): nothing where it was kept.

    The entry may give a deposit or a fee back too; that is no part of what the invoice sold.
    """
    ways = [row for row in rows if row.code in METHODS and row.amount_minor < 0]
    if not ways or not total_minor:
        return ()
    amount = Money(total_minor, sale.currency)
    return (Payment(METHODS[ways[0].code], local_date(tx, ways[0].effective_at), amount),)


def _payments(tx: Tx, sale: Sale) -> tuple[list[Payment], int]:
    """Return what came in for a sale, the earliest first, and how much of it are tips."""
    rows = tx.rows(
        PAYMENTS,
        booking_id=sale.booking_id,
        order_id=sale.order_id,
        paid_by=list(chart.PAYMENT_KINDS.values()),
        tenders=list(chart.TENDERS.values()),
        deposits=chart.DEPOSITS,
    )
    found: dict[tuple[datetime, str, bool], int] = {}
    for row in rows:
        came = row.debit in METHODS
        deposit = chart.DEPOSITS in (row.debit, row.credit)
        key = (row.effective_at, METHODS[row.debit if came else row.credit], deposit)
        found[key] = found.get(key, 0) + (row.amount_minor if came else -row.amount_minor)
    tips = sum(row.amount_minor for row in rows if row.credit.startswith(chart.TIPS_PREFIX))
    return [
        Payment(method, local_date(tx, at), Money(minor, sale.currency), deposit)
        for (at, method, deposit), minor in found.items()
    ], tips


def _seller(tx: Tx) -> Party:
    brand = tx.tenant.brand
    return Party(
        name=brand.legal_name,
        address=tuple(line.strip() for line in brand.address.split("\n") if line.strip()),
        vat_id=brand.vat_id,
        email=brand.email,
        phone=brand.phone,
        country=tx.tenant.country,
    )


def _customer(tx: Tx, sale: Sale) -> Party:
    if sale.customer_id is None:
        return Party(name=words("walk-in", tx.tenant.brand.language))
    customer = customer_by_id(tx, sale.customer_id)
    return Party(name=customer.name, email=customer.email or "")


def _tax_rows(lines: Sequence[InvoiceLine]) -> tuple[TaxRow, ...]:
    rows = []
    for rate in sorted({line.tax_bps for line in lines}):
        of_rate = [line for line in lines if line.tax_bps == rate]
        zero = Money(0, of_rate[0].net.currency)
        net = sum((line.net for line in of_rate), zero)
        rows.append(TaxRow(rate, net, sum((line.tax for line in of_rate), zero)))
    return tuple(rows)

"""The form in which an invoice is stored: JSON that every later release reads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from bookra.engine.invoices.document import (
    Brand,
    InvoiceDocument,
    InvoiceLine,
    Party,
    Payment,
    TaxRow,
    Totals,
)
from bookra.errors import InvalidInputError
from bookra.money import Money

VERSION = 1
"""The version of the stored form. A change of meaning needs a new number and a reader for both."""

_TOTALS = ("net", "tax", "tip", "gross", "paid", "due")


def to_json(document: InvoiceDocument) -> dict[str, Any]:
    """Return the stored form: JSON-ready, integer minor units, ISO dates."""
    return {
        "version": VERSION,
        "kind": document.kind,
        "number": document.number,
        "corrects": document.corrects,
        "issued_on": document.issued_on.isoformat(),
        "service_date": document.service_date.isoformat() if document.service_date else None,
        "booking_code": document.booking_code,
        "language": document.language,
        "currency": document.currency,
        "seller": _party_json(document.seller),
        "customer": _party_json(document.customer),
        "brand": {
            "logo_text": document.brand.logo_text,
            "primary": document.brand.primary,
            "accent": document.brand.accent,
        },
        "lines": [_line_json(line) for line in document.lines],
        "tax_rows": [
            {"rate_bps": r.rate_bps, "net_minor": r.net.minor, "tax_minor": r.tax.minor}
            for r in document.tax_rows
        ],
        "totals": {f"{name}_minor": getattr(document.totals, name).minor for name in _TOTALS},
        "payment_note": document.payment_note,
        "note": document.note,
        "order_code": document.order_code,
        "payments": [_payment_json(payment) for payment in document.payments],
    }


def from_json(stored: Mapping[str, Any]) -> InvoiceDocument:
    """Return the document that ``to_json`` wrote.

    What a document of an older release doesn't have is left empty. Raises InvalidInputError
    (``invoice_version``) for a stored form that this version of Bookra does not know.
    """
    if stored.get("version") != VERSION:
        raise InvalidInputError(
            "invoice_version",
            f"This invoice is stored as version {stored.get('version')!r}; "
            f"this Bookra reads version {VERSION}",
            hint="Use the version of Bookra that issued it, or a newer one",
        )
    currency, service_date = stored["currency"], stored["service_date"]
    return InvoiceDocument(
        number=stored["number"],
        kind=stored["kind"],
        corrects=stored["corrects"],
        issued_on=date.fromisoformat(stored["issued_on"]),
        service_date=date.fromisoformat(service_date) if service_date else None,
        booking_code=stored["booking_code"],
        language=stored["language"],
        currency=currency,
        seller=_party(stored["seller"]),
        customer=_party(stored["customer"]),
        brand=Brand(**stored["brand"]),
        lines=tuple(_line(line, currency) for line in stored["lines"]),
        tax_rows=tuple(_tax_row(row, currency) for row in stored["tax_rows"]),
        totals=Totals(**{n: Money(stored["totals"][f"{n}_minor"], currency) for n in _TOTALS}),
        payment_note=stored["payment_note"],
        note=stored["note"],
        order_code=stored.get("order_code", ""),
        payments=tuple(_payment(row, currency) for row in stored.get("payments", ())),
    )


def _party_json(party: Party) -> dict[str, Any]:
    return {
        "name": party.name,
        "address": list(party.address),
        "vat_id": party.vat_id,
        "email": party.email,
        "phone": party.phone,
        "country": party.country,
    }


def _party(stored: Mapping[str, Any]) -> Party:
    return Party(**{**stored, "address": tuple(stored["address"])})


def _line_json(line: InvoiceLine) -> dict[str, Any]:
    return {
        "description": line.description,
        "detail": line.detail,
        "quantity": line.quantity,
        "net_minor": line.net.minor,
        "tax_bps": line.tax_bps,
        "tax_minor": line.tax.minor,
        "gross_minor": line.gross.minor,
        "discount_minor": line.discount.minor if line.discount else 0,
    }


def _line(stored: Mapping[str, Any], currency: str) -> InvoiceLine:
    return InvoiceLine(
        description=stored["description"],
        detail=stored["detail"],
        quantity=stored["quantity"],
        net=Money(stored["net_minor"], currency),
        tax_bps=stored["tax_bps"],
        tax=Money(stored["tax_minor"], currency),
        gross=Money(stored["gross_minor"], currency),
        discount=_discount(stored.get("discount_minor", 0), currency),
    )


def _discount(minor: int, currency: str) -> Money | None:
    return Money(minor, currency) if minor else None


def _payment_json(payment: Payment) -> dict[str, Any]:
    return {
        "method": payment.method,
        "on": payment.on.isoformat(),
        "amount_minor": payment.amount.minor,
        "deposit": payment.deposit,
    }


def _payment(stored: Mapping[str, Any], currency: str) -> Payment:
    amount = Money(stored["amount_minor"], currency)
    return Payment(stored["method"], date.fromisoformat(stored["on"]), amount, stored["deposit"])


def _tax_row(stored: Mapping[str, Any], currency: str) -> TaxRow:
    return TaxRow(
        rate_bps=stored["rate_bps"],
        net=Money(stored["net_minor"], currency),
        tax=Money(stored["tax_minor"], currency),
    )

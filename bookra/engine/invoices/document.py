"""What an invoice says, as plain values: the content that is stored once and never changes.

The document is written into the database as JSON when the invoice is issued, and every later
printing reads it back from there, so that a seller who moves house or changes prices alters no
invoice of the past. Amounts are integer minor units in the one currency of the document.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from bookra.engine.invoices.colours import legible
from bookra.errors import InvalidInputError
from bookra.money import Money

VERSION = 1
"""The version of the stored form. A change of meaning needs a new number and a reader for both."""

TEXT_CONTRAST = 4.5
MARK_CONTRAST = 3.0
"""The least contrast with white of text and of rules: WCAG 2.2, criteria 1.4.3 and 1.4.11."""

Kind = Literal["invoice", "credit_note"]

_HEX_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """The seller or the customer as printed; an empty text is left out of the page.

    ``country`` is an ISO 3166 code of two letters; the seller's decides the paper's size and the
    name of the tax.
    """

    name: str
    address: tuple[str, ...] = ()
    vat_id: str = ""
    email: str = ""
    phone: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """The seller's mark: a text for a logo and two colours as ``#rrggbb``.

    The colours are kept as the seller chose them; ``on_white`` gives the shades to print.
    """

    logo_text: str
    primary: str
    accent: str

    def __post_init__(self) -> None:
        for colour in (self.primary, self.accent):
            if not _HEX_COLOUR.fullmatch(colour):
                raise ValueError(f"'{colour}' is not a colour such as #b0005e")

    def on_white(self) -> tuple[str, str]:
        """Return primary and accent, each dark enough for its use: text, and marks and rules."""
        return legible(self.primary, TEXT_CONTRAST), legible(self.accent, MARK_CONTRAST)


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceLine:
    """One thing sold. ``net``, ``tax`` and ``gross`` are of the whole line, not of one piece.

    ``detail`` is the small print below the description: ``with Ana · 24 Nov 2026, 14:30``.
    ``discount`` was taken off the net price before: the line's net is what is left.
    """

    description: str
    detail: str = ""
    quantity: int = 1
    net: Money
    tax_bps: int
    tax: Money
    gross: Money
    discount: Money | None = None

    def __post_init__(self) -> None:
        if self.net + self.tax != self.gross:
            raise ValueError(f"{self.description}: {self.net} + {self.tax} is not {self.gross}")


@dataclass(frozen=True, slots=True)
class TaxRow:
    """The tax summary of one rate."""

    rate_bps: int
    net: Money
    tax: Money


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that came in, or went back (negative), tips included: how and on which day.

    ``method`` is a way to pay (``card``, ``cash`` …); ``deposit`` says that it came before the
    price was complete.
    """

    method: str
    on: date
    amount: Money
    deposit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The foot of the document: ``gross = net + tax + tip`` and ``due = gross - paid``."""

    net: Money
    tax: Money
    tip: Money
    gross: Money
    paid: Money
    due: Money

    def __post_init__(self) -> None:
        if self.net + self.tax + self.tip != self.gross or self.gross - self.paid != self.due:
            raise ValueError(f"the totals don't add up: {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceDocument:
    """An invoice, or a credit note with negative amounts that ``corrects`` an invoice's number.

    The constructor refuses a document whose lines and tax rows don't sum to its totals, to the
    last minor unit, or that mixes currencies (ValueError: it would be a bug of ours).
    ``language`` is a BCP 47 tag such as ``de`` or ``en-GB``. ``payments`` say how it was paid, and
    sum to what the totals call paid; an older document has a ``payment_note`` in their place.
    ``note`` is for a legal sentence such as a tax exemption.
    """

    number: str
    kind: Kind = "invoice"
    corrects: str = ""
    issued_on: date
    service_date: date | None = None
    booking_code: str = ""
    language: str
    currency: str
    seller: Party
    customer: Party
    brand: Brand
    lines: tuple[InvoiceLine, ...]
    tax_rows: tuple[TaxRow, ...]
    totals: Totals
    payment_note: str = ""
    note: str = ""
    order_code: str = ""
    payments: tuple[Payment, ...] = ()

    def __post_init__(self) -> None:
        totals, zero = self.totals, Money(0, self.currency)
        sums = {
            "the lines' net": (sum((line.net for line in self.lines), zero), totals.net),
            "the lines' tax": (sum((line.tax for line in self.lines), zero), totals.tax),
            "the tax rows' net": (sum((row.net for row in self.tax_rows), zero), totals.net),
            "the tax rows' tax": (sum((row.tax for row in self.tax_rows), zero), totals.tax),
        }
        if self.payments:
            sums["the payments"] = (sum((p.amount for p in self.payments), zero), totals.paid)
        for what, (parts, whole) in sums.items():
            if parts != whole:
                raise ValueError(f"{self.number}: {what} is {parts}, the total says {whole}")

    def to_json(self) -> dict[str, Any]:
        """Return the stored form: JSON-ready, integer minor units, ISO dates."""
        return {
            "version": VERSION,
            "kind": self.kind,
            "number": self.number,
            "corrects": self.corrects,
            "issued_on": self.issued_on.isoformat(),
            "service_date": self.service_date.isoformat() if self.service_date else None,
            "booking_code": self.booking_code,
            "language": self.language,
            "currency": self.currency,
            "seller": _party_json(self.seller),
            "customer": _party_json(self.customer),
            "brand": {
                "logo_text": self.brand.logo_text,
                "primary": self.brand.primary,
                "accent": self.brand.accent,
            },
            "lines": [_line_json(line) for line in self.lines],
            "tax_rows": [
                {"rate_bps": r.rate_bps, "net_minor": r.net.minor, "tax_minor": r.tax.minor}
                for r in self.tax_rows
            ],
            "totals": {f"{name}_minor": getattr(self.totals, name).minor for name in _TOTALS},
            "payment_note": self.payment_note,
            "note": self.note,
            "order_code": self.order_code,
            "payments": [_payment_json(payment) for payment in self.payments],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> InvoiceDocument:
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
        return cls(
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


_TOTALS = ("net", "tax", "tip", "gross", "paid", "due")


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

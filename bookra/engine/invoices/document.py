"""What an invoice says, as plain values: the content that is stored once and never changes.

The document is stored when the invoice is issued (``stored.py``), and every later printing reads
it back from there, so that a seller who moves house or changes prices alters no invoice of the
past. Amounts are integer minor units in the one currency of the document.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from bookra.engine.invoices.colours import legible
from bookra.money import Money

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

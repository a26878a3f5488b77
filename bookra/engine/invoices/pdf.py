"""Prints an invoice document: values in, the bytes of a PDF out.

The same document gives the same bytes on every machine: the fonts are those that the ``typst``
package carries, the PDF's date is the invoice's, and nothing is read from the system. The file
is PDF/A-2a and PDF/UA-1, thus fit for an archive and for a screen reader. Texts reach the
template as strings inside JSON, never as markup, so nothing that a customer is called can run.

A plain PDF shows an unnamed box for a character without a glyph; PDF/A refuses to be written.
That refusal is used: such characters are written in a simpler form if Unicode has one (``Ａ`` as
``A``) and as ``□`` otherwise, and are named in ``Paper.replaced`` and at the end of the page.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date

from bookra.engine.invoices.document import InvoiceDocument, InvoiceLine, Party
from bookra.money import BPS, Money, exponent, format_minor

if TYPE_CHECKING:
    import typst

US_LETTER_COUNTRIES = frozenset({"US", "CA", "MX"})
OTHER_TAX_COUNTRIES = frozenset({"US", "CA", "AU", "NZ", "SG", "IN", "MY", "JP", "HK"})
"""Where the tax on a sale is not called value added tax: the page says just "tax"."""

BOX = "□"
_TEMPLATE = files("bookra.engine.invoices").joinpath("invoice.typ")
FONTS = ("Libertinus Serif", "New Computer Modern", "DejaVu Sans Mono")

_LANGUAGES = ("en", "de", "fr", "es")
_LABELS = {
    "invoice": ("Invoice", "Rechnung", "Facture", "Factura"),
    "credit_note": ("Credit note", "Rechnungskorrektur", "Avoir", "Factura rectificativa"),
    "billed_to": ("Billed to", "Rechnung an", "Facturé à", "Facturado a"),
    "issued": ("Issued", "Rechnungsdatum", "Date d’émission", "Fecha de emisión"),
    "served": ("Date of service", "Leistungsdatum", "Date de prestation", "Fecha del servicio"),
    "booking": ("Booking", "Buchung", "Réservation", "Reserva"),
    "corrects": ("Corrects invoice", "Zu Rechnung", "Rectifie la facture", "Rectifica la factura"),
    "description": ("Description", "Leistung", "Désignation", "Descripción"),
    "quantity": ("Qty", "Menge", "Qté", "Cant."),
    "net": ("Net", "Netto", "HT", "Base"),
    "amount": ("Amount", "Betrag", "Montant", "Importe"),
    "tax": ("Tax", "Steuer", "Taxe", "Impuesto"),
    "vat": ("VAT", "MwSt.", "TVA", "IVA"),
    "tax_id": ("Tax ID", "Steuernummer", "N° fiscal", "N.º fiscal"),
    "vat_id": ("VAT ID", "USt-IdNr.", "N° TVA", "NIF-IVA"),
    "summary": ("{tax} summary", "{tax}-Übersicht", "Récapitulatif {tax}", "Desglose de {tax}"),
    "rate": ("Rate", "Satz", "Taux", "Tipo"),
    "tip": ("Tip", "Trinkgeld", "Pourboire", "Propina"),
    "total": ("Total", "Gesamtbetrag", "Total", "Total"),
    "paid": ("Paid", "Bezahlt", "Payé", "Pagado"),
    "refunded": ("Refunded", "Erstattet", "Remboursé", "Reembolsado"),
    "due": ("Amount due", "Offener Betrag", "Reste à payer", "Importe pendiente"),
    "page": ("Page {} of {}", "Seite {} von {}", "Page {} sur {}", "Página {} de {}"),
    "lost": ("Not in the font:", "Nicht in der Schrift:", "Absent de la police :", "Sin glifo:"),
}


@dataclass(frozen=True, slots=True)
class Paper:
    """A printed document, and the characters of its texts that could not be printed as they are."""

    pdf: bytes
    replaced: tuple[str, ...]


def render(document: InvoiceDocument) -> bytes:
    """Return the PDF of ``document``; the same document always gives the same bytes."""
    return typeset(document).pdf


def typeset(document: InvoiceDocument) -> Paper:
    """Return the PDF of ``document`` with what had to be replaced, for a log or a warning."""
    import typst

    page = _each_text(_page(document), lambda text: text.translate(_CLEANED))
    for spell in (str, _by_glyph):
        try:
            return _respelled(page, spell, document.issued_on)
        except typst.TypstError:  # a glyph is missing, or (seen with stray marks) its neighbour
            continue
    return _respelled(page, _latin, document.issued_on)


def _respelled(page: dict[str, Any], spell: Callable[[str], str], day: date) -> Paper:
    spelled = _each_text(page, lambda text: "".join(spell(character) for character in text))
    before, after = (set(json.dumps(data, ensure_ascii=False)) for data in (page, spelled))
    found = tuple(sorted(before - after))
    if found:
        points = ", ".join(f"U+{ord(character):04X}" for character in found[:20])
        spelled["replaced"] = f"{spelled['labels']['lost']} {points}"
    return Paper(_compile(_TEMPLATE.read_bytes(), spelled, day), found)


class _Wording:
    """Labels, dates and amounts of one language and country.

    A language without labels here is printed in English throughout: a page in two languages
    would be worse than one in the wrong language.
    """

    def __init__(self, document: InvoiceDocument) -> None:
        language, _, region = document.language.replace("_", "-").partition("-")
        known = language.lower() in _LANGUAGES
        self.language = language.lower() if known else "en"
        country = document.seller.country.upper()
        self.locale = self._nearest((region.rpartition("-")[2] if known else "") or country)
        at, other_tax = _LANGUAGES.index(self.language), country in OTHER_TAX_COUNTRIES
        self.labels = {key: texts[at] for key, texts in _LABELS.items()}
        self.labels["tax"] = self.labels["tax" if other_tax else "vat"]
        self.labels["tax_id"] = self.labels["tax_id" if other_tax else "vat_id"]
        self.labels["summary"] = self.labels["summary"].format(tax=self.labels["tax"])

    def _nearest(self, region: str) -> Locale:
        try:
            return Locale(self.language, territory=region.upper() or None)
        except (UnknownLocaleError, ValueError):
            return Locale(self.language)

    def day(self, day: date) -> str:
        return format_date(day, "long", locale=self.locale)

    def money(self, money: Money) -> str:
        """Format with ISO 4217's decimal places; CLDR differs, such as none for Iraq's dinar."""
        pattern = copy(self.locale.currency_formats["standard"])
        pattern.frac_prec = (exponent(money.currency),) * 2
        amount, code = Decimal(format_minor(money.minor, money.currency)), money.currency
        text = str(pattern.apply(amount, self.locale, currency=code, currency_digits=False))
        return re.sub(r"(?<=[A-Za-z])(?=\d)", "\u00a0", text).replace("-", "−")

    def rate(self, bps: int) -> str:
        pattern = copy(self.locale.percent_formats[None])
        pattern.frac_prec = (0, 2)
        return str(pattern.apply(Decimal(bps) / BPS, self.locale))


def _page(document: InvoiceDocument) -> dict[str, Any]:
    """Return everything the template prints, already worded: it decides looks, nothing else."""
    wording = _Wording(document)
    labels, seller = wording.labels, document.seller
    return {
        "paper": "us-letter" if seller.country.upper() in US_LETTER_COUNTRIES else "a4",
        "fonts": FONTS,
        "language": wording.language,
        "date": document.issued_on.timetuple()[:3],
        "labels": labels,
        "kind": labels[document.kind],
        "number": document.number,
        "logo": document.brand.logo_text,
        "colours": document.brand.on_white(),
        "seller": _party(seller, labels),
        "customer": _party(document.customer, labels),
        "facts": _facts(document, wording),
        "lines": [_line(line, wording) for line in document.lines],
        **_totals(document, wording),
        "payment_note": document.payment_note,
        "note": document.note,
        "replaced": "",
    }


def _party(party: Party, labels: dict[str, str]) -> dict[str, Any]:
    return {
        "name": party.name,
        "address": [line for line in party.address if line],
        "tax_id": f"{labels['tax_id']} {party.vat_id}" if party.vat_id else "",
        "contact": [text for text in (party.email, party.phone) if text],
    }


def _facts(document: InvoiceDocument, wording: _Wording) -> list[list[str]]:
    facts = (
        ("corrects", document.corrects),
        ("issued", wording.day(document.issued_on)),
        ("served", wording.day(document.service_date) if document.service_date else ""),
        ("booking", document.booking_code),
    )
    return [[wording.labels[key], value] for key, value in facts if value]


def _line(line: InvoiceLine, wording: _Wording) -> dict[str, str]:
    return {
        "description": line.description,
        "detail": line.detail,
        "quantity": str(line.quantity),
        "net": wording.money(line.net),
        "tax": wording.money(line.tax),
        "rate": wording.rate(line.tax_bps),
        "gross": wording.money(line.gross),
    }


def _totals(document: InvoiceDocument, wording: _Wording) -> dict[str, Any]:
    totals, labels, money = document.totals, wording.labels, wording.money
    taxes = [(wording.rate(row.rate_bps), row) for row in document.tax_rows]
    taxed = any(row.rate_bps for row in document.tax_rows)
    parts = [[f"{labels['tax']} {rate}", money(row.tax)] for rate, row in taxes if row.rate_bps]
    parts += [[labels["tip"], money(totals.tip)]] if totals.tip else []
    paid = labels["paid" if totals.paid.minor > 0 else "refunded"]
    return {
        # a seller who charges no tax at all must not show any
        "tax_rows": [[rate, money(r.net), money(r.tax)] for rate, r in taxes] if taxed else [],
        "parts": [[labels["net"], money(totals.net)], *parts] if parts else [],
        "currency": document.currency,
        "total": money(totals.gross),
        "settled": [[paid, money(-totals.paid)]] if totals.paid else [],
        "due": money(totals.due),
        "open": bool(totals.due),
    }


@cache
def _fonts() -> typst.Fonts:
    import typst

    return typst.Fonts(include_system_fonts=False)


def _compile(source: bytes, data: Any, day: date) -> bytes:
    import typst

    # the default root is the working directory, which may be gone
    compiler = typst.Compiler(source, root=Path(__file__).parent, font_paths=_fonts())
    try:
        pdf = compiler.compile(
            format="pdf",
            sys_inputs={"data": json.dumps(data)},
            pdf_standards=["a-2a", "ua-1"],
            timestamp=datetime.combine(day, time(), UTC),
        )
    except BaseException as failure:
        # a panic in Rust passes by `except Exception`; marks in mixed directions cause some:
        # https://github.com/typst/typst/issues/8667
        if type(failure).__name__ != "PanicException":
            raise
        raise typst.TypstError("the typesetter panicked", "") from None
    assert isinstance(pdf, bytes)
    return pdf


_CLEANED: dict[int, str | None] = {
    **dict.fromkeys((*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029), " "),
    **dict.fromkeys((0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))),
}
"""Control characters, and marks of direction, which could make a text show what it isn't."""

_SIGNS = "–—‘’“”•…€−\u202f"
_PROBE = b"""#let (fonts, sample) = json(bytes(sys.inputs.data))
#set document(title: "probe", date: datetime(year: 2000, month: 1, day: 1))
#set text(font: fonts)
#sample #text(weight: "semibold", sample)"""


@lru_cache(maxsize=4096)
def _prints(text: str) -> bool:
    """Say whether the fonts have what ``text`` needs, by asking the typesetter (about 1 ms)."""
    import typst

    try:
        _compile(_PROBE, [FONTS, text], date(2000, 1, 1))
    except typst.TypstError:
        return False
    return True


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {key: _each_text(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_each_text(item, change) for item in value]
    return change(value) if isinstance(value, str) else value


def _by_glyph(character: str) -> str:
    return character if _prints(character) else _simpler(character)


def _latin(character: str) -> str:
    """Keep Latin letters and punctuation, which are in the first font whatever stands nearby."""
    return character if character < "\u0250" or character in _SIGNS else _simpler(character)


def _simpler(character: str) -> str:
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return plain if plain.strip() else BOX

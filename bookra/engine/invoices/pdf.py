"""Prints an invoice document: values in, the bytes of a PDF out.

The same document gives the same bytes on every machine: the fonts are those that the ``typst``
package carries, the PDF's date is the invoice's, and nothing is read from the system. The file
is PDF/A-2a and PDF/UA-1, thus fit for an archive and for a screen reader. Texts reach the
template as strings inside JSON, never as markup, so nothing that a customer is called can run.

PDF/A refuses characters without a glyph, where a plain PDF would show an unlabelled box or
nothing. That refusal is used: the characters concerned are found, written in a simpler form if
Unicode has one (``①`` as ``1``) and as ``□`` otherwise, and named both in ``Paper.replaced`` and
in a footnote on the page.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date

from bookra.engine.invoices.document import InvoiceDocument, InvoiceLine, Party
from bookra.money import Money, exponent

if TYPE_CHECKING:
    import typst

US_LETTER_COUNTRIES = frozenset({"US", "CA", "MX"})
NO_VAT_COUNTRIES = frozenset({"US", "CA", "AU", "NZ", "SG", "IN", "MY", "JP", "HK"})
"""Where the tax on a sale has another name, and the page says just "tax"."""

LEGIBLE_CONTRAST = 4.5
"""WCAG 2.2, success criterion 1.4.3: the least contrast of text with its background."""

BOX = "□"

_STANDARDS: list[Literal["a-2a", "ua-1"]] = ["a-2a", "ua-1"]

_LABELS = {
    "en": {
        "invoice": "Invoice",
        "credit_note": "Credit note",
        "billed_to": "Billed to",
        "issued": "Issued",
        "service_date": "Date of service",
        "booking": "Booking",
        "corrects": "Corrects invoice",
        "description": "Description",
        "quantity": "Qty",
        "net": "Net",
        "amount": "Amount",
        "tax": "Tax",
        "vat": "VAT",
        "tax_id": "Tax ID",
        "vat_id": "VAT ID",
        "summary": "{tax} summary",
        "rate": "Rate",
        "tip": "Tip",
        "total": "Total",
        "paid": "Paid",
        "due": "Amount due",
        "page": "Page {page} of {pages}",
        "replaced": "Not in this document's fonts, shown as □: {characters}",
    },
    "de": {
        "invoice": "Rechnung",
        "credit_note": "Rechnungskorrektur",
        "billed_to": "Rechnung an",
        "issued": "Rechnungsdatum",
        "service_date": "Leistungsdatum",
        "booking": "Buchung",
        "corrects": "Zu Rechnung",
        "description": "Leistung",
        "quantity": "Menge",
        "net": "Netto",
        "amount": "Betrag",
        "tax": "Steuer",
        "vat": "MwSt.",
        "tax_id": "Steuernr.",
        "vat_id": "USt-IdNr.",
        "summary": "{tax}-Übersicht",
        "rate": "Satz",
        "tip": "Trinkgeld",
        "total": "Gesamtbetrag",
        "paid": "Bezahlt",
        "due": "Offener Betrag",
        "page": "Seite {page} von {pages}",
        "replaced": "Nicht in den Schriften dieses Dokuments, gezeigt als □: {characters}",
    },
    "fr": {
        "invoice": "Facture",
        "credit_note": "Avoir",
        "billed_to": "Facturé à",
        "issued": "Date d’émission",
        "service_date": "Date de prestation",
        "booking": "Réservation",
        "corrects": "Rectifie la facture",
        "description": "Désignation",
        "quantity": "Qté",
        "net": "HT",
        "amount": "Montant TTC",
        "tax": "Taxe",
        "vat": "TVA",
        "tax_id": "N° fiscal",
        "vat_id": "N° TVA",
        "summary": "Détail de la {tax}",
        "rate": "Taux",
        "tip": "Pourboire",
        "total": "Total",
        "paid": "Payé",
        "due": "Reste à payer",
        "page": "Page {page} sur {pages}",
        "replaced": "Absents des polices de ce document, remplacés par □ : {characters}",
    },
    "es": {
        "invoice": "Factura",
        "credit_note": "Factura rectificativa",
        "billed_to": "Facturado a",
        "issued": "Fecha de emisión",
        "service_date": "Fecha del servicio",
        "booking": "Reserva",
        "corrects": "Rectifica la factura",
        "description": "Descripción",
        "quantity": "Cant.",
        "net": "Base",
        "amount": "Importe",
        "tax": "Impuesto",
        "vat": "IVA",
        "tax_id": "N.º fiscal",
        "vat_id": "NIF-IVA",
        "summary": "Desglose de {tax}",
        "rate": "Tipo",
        "tip": "Propina",
        "total": "Total",
        "paid": "Pagado",
        "due": "Importe pendiente",
        "page": "Página {page} de {pages}",
        "replaced": "No están en las fuentes de este documento, se muestran como □: {characters}",
    },
}

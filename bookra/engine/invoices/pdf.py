"""Prints an invoice document: values in, the bytes of a PDF out.

The same document gives the same bytes on every machine; ``paper`` says how.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from bookra.engine.invoices import paper
from bookra.engine.invoices.document import InvoiceDocument, InvoiceLine, Party
from bookra.engine.invoices.paper import Paper, Wording

OTHER_TAX_COUNTRIES = frozenset({"US", "CA", "AU", "NZ", "SG", "IN", "MY", "JP", "HK"})
"""Where the tax on a sale is not called value added tax: the page says just "tax"."""

_TEMPLATE = files("bookra.engine.invoices").joinpath("invoice.typ")
_LABELS = {
    "invoice": ("Invoice", "Rechnung", "Facture", "Factura"),
    "credit_note": ("Credit note", "Rechnungskorrektur", "Avoir", "Factura rectificativa"),
    "billed_to": ("Billed to", "Rechnung an", "Facturé à", "Facturado a"),
    "issued": ("Issued", "Rechnungsdatum", "Date d’émission", "Fecha de emisión"),
    "served": ("Date of service", "Leistungsdatum", "Date de prestation", "Fecha del servicio"),
    "booking": ("Booking", "Buchung", "Réservation", "Reserva"),
    "order": ("Order", "Bestellung", "Commande", "Pedido"),
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
    "discount": ("Discount", "Rabatt", "Remise", "Descuento"),
    "card": ("Card", "Karte", "Carte", "Tarjeta"),
    "cash": ("Cash", "Bar", "Espèces", "Efectivo"),
    "terminal": ("Card terminal", "Kartenterminal", "Terminal de paiement", "Datáfono"),
    "gift-card": ("Gift card", "Gutschein", "Carte cadeau", "Tarjeta regalo"),
    "package": ("Package", "Paket", "Forfait", "Bono"),
    "deposit": ("Deposit", "Anzahlung", "Acompte", "Anticipo"),
    "paid": ("Paid", "Bezahlt", "Payé", "Pagado"),
    "refunded": ("Refunded", "Erstattet", "Remboursé", "Reembolsado"),
    "due": ("Amount due", "Offener Betrag", "Reste à payer", "Importe pendiente"),
    **paper.LABELS,
}


def render(document: InvoiceDocument) -> bytes:
    """Return the PDF of ``document``; the same document always gives the same bytes."""
    return typeset(document).pdf


def typeset(document: InvoiceDocument) -> Paper:
    """Return the PDF of ``document`` with what had to be replaced, for a log or a warning."""
    return paper.typeset(_TEMPLATE.read_bytes(), _page(document), document.issued_on)


def _page(document: InvoiceDocument) -> dict[str, Any]:
    """Return everything the template prints, already worded: it decides looks, nothing else."""
    wording = _wording(document)
    labels, seller = wording.labels, document.seller
    return {
        **wording.page(document.issued_on),
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
    }


def _wording(document: InvoiceDocument) -> Wording:
    wording = Wording(document.language, document.seller.country, _LABELS)
    labels, other_tax = wording.labels, document.seller.country.upper() in OTHER_TAX_COUNTRIES
    labels["tax"] = labels["tax" if other_tax else "vat"]
    labels["tax_id"] = labels["tax_id" if other_tax else "vat_id"]
    labels["summary"] = labels["summary"].format(tax=labels["tax"])
    return wording


def _party(party: Party, labels: dict[str, str]) -> dict[str, Any]:
    return {
        "name": party.name,
        "address": [line for line in party.address if line],
        "tax_id": f"{labels['tax_id']} {party.vat_id}" if party.vat_id else "",
        "contact": [text for text in (party.email, party.phone) if text],
    }


def _facts(document: InvoiceDocument, wording: Wording) -> list[list[str]]:
    facts = (
        ("corrects", document.corrects),
        ("issued", wording.day(document.issued_on)),
        ("served", wording.day(document.service_date) if document.service_date else ""),
        ("booking", document.booking_code),
        ("order", document.order_code),
    )
    return [[wording.labels[key], value] for key, value in facts if value]


def _line(line: InvoiceLine, wording: Wording) -> dict[str, str]:
    return {
        "description": line.description,
        "detail": line.detail,
        "discount": _discount(line, wording),
        "quantity": str(line.quantity),
        "net": wording.money(line.net),
        "tax": wording.money(line.tax),
        "rate": wording.rate(line.tax_bps),
        "gross": wording.money(line.gross),
    }


def _discount(line: InvoiceLine, wording: Wording) -> str:
    """Say what was taken off the net price, and off which: ``42.02 − 8.40 discount``."""
    if line.discount is None:
        return ""
    listed, off = wording.money(line.net + line.discount), wording.money(-line.discount)
    return f"{wording.labels['net']} {listed}  ·  {wording.labels['discount']} {off}"


def _settled(document: InvoiceDocument, wording: Wording) -> list[list[str]]:
    """Return a row a payment: how, when and how much; older documents know the sum alone."""
    labels, paid = wording.labels, document.totals.paid
    if not document.payments:
        label = labels["paid" if paid.minor > 0 else "refunded"]
        return [[label, "", wording.money(-paid)]] if paid else []
    rows = []
    for payment in document.payments:
        words = [labels["refunded"]] if payment.amount.minor < 0 else []
        words += [labels["deposit"]] if payment.deposit else []
        words += [labels.get(payment.method, payment.method)]
        name, day = " · ".join(words), wording.day(payment.on)
        rows.append([name, day, wording.money(-payment.amount)])
    return rows


def _totals(document: InvoiceDocument, wording: Wording) -> dict[str, Any]:
    totals, labels, money = document.totals, wording.labels, wording.money
    taxes = [(wording.rate(row.rate_bps), row) for row in document.tax_rows]
    taxed = any(row.rate_bps for row in document.tax_rows)
    parts = [[f"{labels['tax']} {rate}", money(row.tax)] for rate, row in taxes if row.rate_bps]
    parts += [[labels["tip"], money(totals.tip)]] if totals.tip else []
    return {
        # a seller who charges no tax at all must not show any
        "tax_rows": [[rate, money(r.net), money(r.tax)] for rate, r in taxes] if taxed else [],
        "parts": [[labels["net"], money(totals.net)], *parts] if parts else [],
        "currency": document.currency,
        "total": money(totals.gross),
        "settled": _settled(document, wording),
        "due": money(totals.due),
        "open": bool(totals.due),
    }

"""Prints a staff member's statement with the business's brand: values in, a PDF's bytes out."""

from __future__ import annotations

from datetime import date
from importlib.resources import files
from typing import Any

from bookra.clock import local_day
from bookra.engine.invoices import paper
from bookra.engine.invoices.document import Brand
from bookra.engine.invoices.paper import Wording
from bookra.engine.payouts.statement import Earned, Statement, Tip
from bookra.money import Money

_TEMPLATE = files("bookra.engine.payouts").joinpath("statement.typ")
_LABELS = {
    "statement": ("Pay statement", "Abrechnung", "Relevé de paie", "Liquidación"),
    "for": ("For", "Für", "Pour", "Para"),
    "period": ("Period", "Zeitraum", "Période", "Período"),
    "state": ("State", "Stand", "État", "Estado"),
    "open": ("not run yet", "noch offen", "en cours", "abierta"),
    "draft": ("draft", "Entwurf", "brouillon", "borrador"),
    "approved": ("approved", "freigegeben", "validée", "aprobada"),
    "paid": ("paid", "bezahlt", "payée", "pagada"),
    "carried": ("carried over", "vorgetragen", "reportée", "trasladada"),
    "day": ("Day", "Tag", "Jour", "Día"),
    "what": ("For what", "Wofür", "Motif", "Concepto"),
    "base": ("Base", "Grundlage", "Base", "Base"),
    "rate": ("Rate", "Satz", "Taux", "Tipo"),
    "amount": ("Amount", "Betrag", "Montant", "Importe"),
    "commission": ("Commission", "Provision", "Commission", "Comisión"),
    "tips": ("Tips", "Trinkgeld", "Pourboires", "Propinas"),
    "tip": ("Tip", "Trinkgeld", "Pourboire", "Propina"),
    "clawback": ("Taken back", "Rückbelastung", "Reprise", "Devolución"),
    "reversal": ("Given to somebody else", "Umgebucht", "Réattribuée", "Reasignada"),
    "tier": ("Tier reached", "Stufe erreicht", "Palier atteint", "Tramo alcanzado"),
    "rent": ("Chair rent", "Stuhlmiete", "Loyer du fauteuil", "Alquiler del sillón"),
    "in_money": ("paid in money", "bar bezahlt", "payé", "pagado"),
    "before": ("From earlier periods", "Vortrag", "Report", "De períodos anteriores"),
    "net": ("To be paid", "Auszahlung", "À payer", "A pagar"),
    **paper.LABELS,
}


def render(found: Statement) -> bytes:
    """Return the PDF of a statement, dated by its period's last day."""
    return paper.typeset(_TEMPLATE.read_bytes(), _page(found), found.period.ends_on).pdf


def _page(found: Statement) -> dict[str, Any]:
    brand, zone = found.tenant.brand, found.tenant.zone
    wording = Wording(brand.language, found.tenant.country, _LABELS)
    labels = wording.labels
    mark = Brand(
        logo_text=brand.logo_text or found.tenant.name,
        primary=brand.primary_color,
        accent=brand.accent_color,
    )
    lines = [
        *((one.at, _earned(one, wording)) for one in found.earned),
        *(
            (tip.at, [labels["tip"], tip.code, "", "", wording.money(tip.amount)])
            for tip in found.tips
        ),
    ]
    lines.sort(key=lambda line: line[0])
    return {
        **wording.page(found.period.ends_on),
        "logo": mark.logo_text,
        "colours": mark.on_white(),
        "sender": [brand.legal_name or found.tenant.name, *brand.address.splitlines()],
        "staff": found.staff.name,
        "period": f"{wording.day(found.period.starts_on)} – {wording.day(found.period.ends_on)}",
        "state": _state(found, wording),
        "lines": [[_short(local_day(at, zone), wording), *texts] for at, texts in lines]
        + _rents(found, wording),
        "sums": _sums(found, wording),
        "net": wording.money(Money(found.figures.net_minor, found.currency)),
    }


def _earned(one: Earned, wording: Wording) -> list[str]:
    labels = wording.labels
    split = one.kind == "split"
    return [
        one.sold if split else labels[one.kind],
        one.code if split else ", ".join(part for part in (one.code, one.sold) if part),
        wording.money(one.base) if split else "",
        _rate(one, wording) if split else "",
        wording.money(one.amount),
    ]


def _rate(one: Earned, wording: Wording) -> str:
    """Return the share; of tiers the one that was reached, which not all of a sale may have."""
    if one.rule == "fixed":
        return ""
    return f"{'≤ ' if one.rule == 'tiered' else ''}{wording.rate(one.rate_bps)}"


def _tip(tip: Tip, wording: Wording) -> list[str]:
    return [wording.labels["tip"], tip.code, "", "", wording.money(tip.amount)]


def _rents(found: Statement, wording: Wording) -> list[list[str]]:
    labels = wording.labels
    return [
        [
            _short(rent.starts_on, wording),
            labels["rent"],
            labels["in_money"] if rent.in_money else f"– {_short(rent.ends_on, wording)}",
            "",
            "",
            wording.money(-rent.amount),
        ]
        for rent in found.rents
    ]


def _sums(found: Statement, wording: Wording) -> list[list[str]]:
    """Return what the net consists of; what is nothing is left out, but for commission."""
    figures, labels = found.figures, wording.labels
    parts = (
        ("commission", figures.earned_minor),
        ("tips", figures.tips_minor),
        ("clawback", -figures.clawback_minor),
        ("rent", -figures.rent_minor),
        ("before", figures.carried_minor),
    )
    return [
        [labels[name], wording.money(Money(minor, found.currency))]
        for name, minor in parts
        if minor or name == "commission"
    ]


def _state(found: Statement, wording: Wording) -> str:
    run = found.run
    if run is None:
        return wording.labels["open"]
    state = wording.labels[run.state.value]
    if run.paid_at is None:
        return state
    return f"{state}, {wording.day(local_day(run.paid_at, found.tenant.zone))}"


def _short(day: date, wording: Wording) -> str:
    from babel.dates import format_date

    return format_date(day, "short", locale=wording.locale)

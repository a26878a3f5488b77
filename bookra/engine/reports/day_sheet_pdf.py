"""Prints the day sheet with the business's brand: values in, a PDF's bytes out."""

from __future__ import annotations

from datetime import datetime
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date

from bookra.engine.invoices import paper
from bookra.engine.invoices.document import Brand
from bookra.engine.invoices.paper import Wording
from bookra.engine.reports.day_sheet import DaySheet, Guest, SheetPerson, SheetVisit

_TEMPLATE = files("bookra.engine.reports").joinpath("day_sheet.typ")
_LABELS = {
    "sheet": ("Day sheet", "Tagesplan", "Feuille du jour", "Hoja del día"),
    "visits": ("Visits", "Termine", "Visites", "Visitas"),
    "booked": ("Booked", "Gebucht", "Réservé", "Reservado"),
    "open": ("To be paid", "Offen", "À encaisser", "Por cobrar"),
    "as_of": ("As of {}", "Stand {}", "État à {}", "A las {}"),
    "time": ("Time", "Zeit", "Heure", "Hora"),
    "client": ("Client", "Kundin / Kunde", "Client", "Cliente"),
    "service": ("Service", "Leistung", "Prestation", "Servicio"),
    "due": ("Due", "Offen", "À payer", "Pendiente"),
    "nobody": ("No visits", "Keine Termine", "Aucune visite", "Sin visitas"),
    "absent": ("not here", "nicht da", "absent", "ausente"),
    "nothing": ("Nobody works on this day", "An diesem Tag arbeitet niemand",
                "Personne ne travaille ce jour", "Nadie trabaja este día"),
    "class": ("Class", "Kurs", "Cours", "Clase"),
    "seats": ("{} taken", "{} vergeben", "{} prises", "{} ocupadas"),
    "held": ("held, not paid", "reserviert, unbezahlt", "retenu, non payé", "retenida, sin pagar"),
    "checked_in": ("is here", "ist da", "est là", "está aquí"),
    "in_service": ("being served", "wird bedient", "en cours", "en curso"),
    "completed": ("done", "erledigt", "terminé", "hecha"),
    "no_show": ("did not come", "nicht erschienen", "absent", "no vino"),
    "displaced": ("needs a new time", "braucht neuen Termin", "à déplacer", "hay que mover"),
    **paper.LABELS,
}  # fmt: skip


def render(found: DaySheet) -> bytes:
    """Return the PDF of a day; the same sheet always gives the same bytes."""
    return paper.typeset(_TEMPLATE.read_bytes(), _page(found), found.day).pdf


def _page(found: DaySheet) -> dict[str, Any]:
    """Return everything the template prints, already worded."""
    brand, zone = found.tenant.brand, found.tenant.zone
    wording = Wording(brand.language, found.tenant.country, _LABELS)
    mark = Brand(
        logo_text=brand.logo_text or found.tenant.name,
        primary=brand.primary_color,
        accent=brand.accent_color,
    )
    labels = wording.labels
    read_at = _clock(found.read_at, zone)
    figures = [
        [labels["visits"], str(found.visits)],
        [labels["booked"], wording.money(found.booked)],
        [labels["open"], wording.money(found.due)],
    ]
    return {
        **wording.page(found.day),
        "logo": mark.logo_text,
        "colours": mark.on_white(),
        "business": found.tenant.name,
        "day": format_date(found.day, "full", locale=wording.locale),
        "as_of": labels["as_of"].format(read_at),
        "figures": figures,
        "people": [_person(one, wording, zone) for one in found.people],
    }


def _person(one: SheetPerson, wording: Wording, zone: ZoneInfo) -> dict[str, Any]:
    shifts = [f"{_clock(start, zone)}–{_clock(end, zone)}" for start, end in one.shifts]
    return {
        "name": one.name,
        "shifts": "  ·  ".join(shifts) or wording.labels["absent"],
        "visits": [_visit(visit, wording, zone) for visit in one.visits],
    }


def _visit(one: SheetVisit, wording: Wording, zone: ZoneInfo) -> dict[str, Any]:
    labels = wording.labels
    is_class, seats = one.status == "class", sum(guest.seats for guest in one.guests)
    return {
        "starts": _clock(one.starts_at, zone),
        "ends": _clock(one.ends_at, zone),
        "client": labels["class"] if is_class else one.customer,
        "phone": labels["seats"].format(seats) if is_class else one.phone,
        "service": one.service,
        "state": "" if one.status in ("confirmed", "class") else labels.get(one.status, one.status),
        "over": one.status in ("completed", "no_show"),
        "notes": one.notes,
        "guests": [_guest(guest) for guest in one.guests],
        "code": one.code,
        "due": wording.money(one.due) if one.due is not None and one.due.minor > 0 else "",
    }


def _guest(one: Guest) -> list[str]:
    return [f"{one.name} ×{one.seats}" if one.seats > 1 else one.name, one.phone]


def _clock(instant: datetime, zone: ZoneInfo) -> str:
    return f"{instant.astimezone(zone):%H:%M}"

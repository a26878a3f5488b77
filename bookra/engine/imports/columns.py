"""Which column is what: the names that Square, Fresha and Easy!Appointments give them. Pure.

Names are compared by their letters alone, so that ``Start Time``, ``start_time`` and ``START-TIME``
are one. A column that ``--map`` names goes before all that are known.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bookra.engine.people.csv_lines import UNREADABLE, Record
from bookra.engine.people.csv_people import visible
from bookra.errors import InvalidInputError

LAYOUTS = ("auto", "square", "fresha", "easyappointments")

FIELDS: dict[str, dict[str, str]] = {
    "service": {
        "reference": "Token, ID, Service ID, Reference",
        "name": "Name, Service, Service Name, Item Name, Treatment, Leistung, Servizio,"
        " Nome servizio",
        "variation": "Variation Name",
        "slug": "Slug",
        "minutes": "Duration, Duration (mins), Minutes, Length, Dauer, Durata, Durée, Duración",
        "price": "Price, Retail Price, Amount, Preis, Prezzo, Prezzo al dettaglio, Prix, Precio",
        "category": "Category, Category Name, Categories, Reporting Category, Treatment Type,"
        " Kategorie, Categoria, Catégorie, Categoría",
        "after": "Extra Time, Buffer, Buffer Time, Buffer After, Tempo supplementare",
        "status": "Status, Archived, Active",
    },
    "staff": {
        "reference": "ID, Team Member ID, Employee ID, Reference",
        "name": "Name, Full Name, Display Name, Team Member, Employee, Mitarbeiter, Mitarbeiterin",
        "first": "First Name, Given Name, Vorname, Nome, Prénom, Nombre",
        "last": "Last Name, Surname, Family Name, Nachname, Cognome, Nom, Apellido, Apellidos",
        "slug": "Slug",
        "services": "Services, Leistungen",
        "commission": "Commission, Commission Percent, Commission %, Provision",
        "status": "Status, Stato, Active",
    },
    "appointment": {
        "reference": "Appt. ref., Appt ref, Ref, Ref #, Booking ID, Appointment ID, ID, Reference",
        "start": "Start, Start Time, Starts At, Start Datetime, Scheduled Date, Appointment Date,"
        " Date, Start Date, Date and Time, Beginn, Datum, Termin",
        "time": "Time, Scheduled Time, Appointment Time, Clock, Uhrzeit, Zeit",
        "end": "End, End Time, Ends At, End Datetime, Ende",
        "minutes": "Duration, Duration (mins), Duration (min), Minutes, Length, Dauer",
        "service": "Service, Services, Service Name, Item, Treatment, Appointment Type, Leistung",
        "staff": "Staff, Staff Member, Staff Name, Team Member, Employee, Provider, Stylist,"
        " Calendar, Mitarbeiter, Mitarbeiterin",
        "name": "Client, Client Name, Customer, Customer Name, Name, Kunde, Kundin, Kundenname",
        "first": "First Name, Client First Name, Customer First Name, Vorname",
        "last": "Last Name, Client Last Name, Customer Last Name, Nachname",
        "phone": "Phone, Phone Number, Mobile, Mobile Number, Client Phone, Customer Phone,"
        " Client Mobile, Contact No., Telefon, Handy",
        "email": "Email, E-mail, Email Address, Client Email, Customer Email",
        "price": "Price, Net Sales, Total, Amount, Amount Due, Appointment Price, Preis",
        "status": "Status, Appointment Status, Booking Status",
        "zone": "Time Zone, Timezone, Zeitzone",
    },
}
"""What a column of each kind of file may be called, most telling names first."""

REQUIRED: dict[str, tuple[tuple[str, ...], ...]] = {
    "service": (("name",),),
    "staff": (("name", "first", "last"),),
    "appointment": (
        ("start",),
        ("service",),
        ("staff",),
        ("name", "first", "last", "phone", "email"),
    ),
}
"""Of each group a file must have one column."""

SIGNS: dict[str, dict[str, tuple[str, ...]]] = {
    "square": {
        "customer": ("First Name", "Last Name", "Square Customer ID"),
        "service": ("Token", "Item Name", "Variation Name"),
    },
    "fresha": {
        "customer": ("Client ID", "First Name", "Last Name", "Mobile Number"),
        "staff": ("First Name", "Last Name", "Status"),
        "appointment": ("Appt. ref.", "Scheduled date", "Team member"),
    },
    "easyappointments": {
        "customer": ("first_name", "last_name", "phone_number"),
        "service": ("name", "duration", "price"),
        "staff": ("first_name", "last_name"),
        "appointment": ("start_datetime", "end_datetime"),
    },
}
"""By which columns a layout is known: a file without them is another program's, or another list."""

_PAIRS = re.compile(r",(?=\s*[a-z_]+\s*=)")


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a header has what, by field; the first place that says something counts."""

    header: tuple[str, ...]
    places: Mapping[str, tuple[int, ...]]

    @property
    def ignored(self) -> list[str]:
        """The named columns that nothing is read from."""
        used = {index for places in self.places.values() for index in places}
        return [cell for index, cell in enumerate(self.header) if cell and index not in used]

    def cells(self, record: Record) -> dict[str, str]:
        """Return what a record says of each field; '' where it says nothing.

        Raises InvalidInputError (``bad_quotes``, ``bad_columns``, ``bad_text``).
        """
        if record.torn:
            raise InvalidInputError("bad_quotes", "Its quotation marks can't be followed")
        found, width = [visible(cell) for cell in record.cells], len(self.header)
        if any(found[width:]):
            raise InvalidInputError(
                "bad_columns", f"It has {len(found)} columns, the header has {width}"
            )
        found += [""] * (width - len(found))
        said = {}
        for field, places in self.places.items():
            said[field] = next((found[index] for index in places if found[index]), "")
            if UNREADABLE in said[field]:
                raise InvalidInputError("bad_text", f"{self.named(field)} holds bytes of no text")
        return said

    def named(self, field: str) -> str:
        """Return the column of a field as its file names it."""
        places = self.places.get(field, ())
        return f"'{self.header[places[0]]}'" if places else f"'{field}'"


def columns_of(
    kind: str, header: Sequence[str], layout: str = "auto", chosen: Mapping[str, str] | None = None
) -> Columns:
    """Find the columns of a file.

    Raises InvalidInputError: ``other_layout``, ``unknown_field``, ``no_column`` for a column that
    was named and is not there, ``no_header`` when something needed has none.
    """
    check_layout(kind, header, layout)
    known = _known(kind)
    places: dict[str, list[int]] = {field: [] for field in FIELDS[kind]}
    for field, column in (chosen or {}).items():
        if field not in places:
            raise unknown_field(field, places)
        places[field] = [index_of(header, column)]
    taken = {index for found in places.values() for index in found}
    ranked: list[tuple[int, int, str]] = []
    for index, cell in enumerate(header):
        if index not in taken and (named := known.get(letters(cell))):
            ranked.append((named[1], index, named[0]))
    for _, index, field in sorted(ranked):
        if field not in (chosen or {}):
            places[field].append(index)
    columns = Columns(
        tuple(visible(cell)[:40] for cell in header),
        {field: tuple(found) for field, found in places.items() if found},
    )
    _require(kind, columns)
    return columns


def known_columns(kind: str, header: Sequence[str], chosen: Mapping[str, str]) -> int:
    """Count the cells of a header that are known or were named: how well a delimiter fits."""
    known, named = _known(kind), {letters(column) for column in chosen.values()}
    return sum(letters(cell) in known or letters(cell) in named for cell in header)


def parse_map(texts: Sequence[str]) -> dict[str, str]:
    """Read ``name=Client Name,phone=Mobile``, once or several times: a field and its column.

    Raises InvalidInputError (``bad_map``).
    """
    found: dict[str, str] = {}
    for text in texts:
        for pair in _PAIRS.split(text):
            field, equals, column = pair.partition("=")
            column = column.strip().strip("\"'")
            if not equals or not column or not re.fullmatch(r"\s*[a-z_]+\s*", field):
                raise InvalidInputError(
                    "bad_map",
                    f"'{pair.strip()}' does not say which column is what",
                    hint="Write --map name='Client Name',phone=Mobile",
                )
            found[field.strip()] = column
    return found


def check_layout(kind: str, header: Sequence[str], layout: str) -> None:
    """Raise InvalidInputError unless a header has the columns that a layout is known by."""
    if layout not in LAYOUTS:
        raise InvalidInputError(
            "unknown_layout", f"'{layout}' is not a layout", hint=f"One of: {', '.join(LAYOUTS)}"
        )
    if layout == "auto":
        return
    there = {letters(cell) for cell in header}
    signs = SIGNS[layout].get(kind)
    if signs is None:
        raise InvalidInputError(
            "unknown_layout",
            f"There is no {layout} layout for a list of this kind",
            hint="Leave --layout out, and name columns by --map",
        )
    missing = [sign for sign in signs if letters(sign) not in there]
    if missing:
        raise InvalidInputError(
            "other_layout",
            f"This is not {layout}'s list: it has no column {', '.join(missing)}",
            hint="Leave --layout out, and name columns by --map",
            details={"missing": missing},
        )


def index_of(header: Sequence[str], column: str) -> int:
    """Return where a column is that somebody named; raises InvalidInputError (``no_column``)."""
    for index, cell in enumerate(header):
        if cell.strip() == column or letters(cell) == letters(column) != "":
            return index
    raise InvalidInputError(
        "no_column",
        f"The file has no column '{column}'",
        hint="It has: " + ", ".join(visible(cell)[:40] for cell in header if cell.strip()),
    )


def unknown_field(field: str, known: Mapping[str, object] | Sequence[str]) -> InvalidInputError:
    """Return the error for a field that a file of this kind has no use for."""
    return InvalidInputError(
        "unknown_field", f"'{field}' is nothing to map", hint=f"One of: {', '.join(known)}"
    )


def letters(cell: str) -> str:
    """Return a header's letters alone, without case and accents."""
    plain = unicodedata.normalize("NFKD", cell).casefold()
    return "".join(character for character in plain if character.isalpha())


def _known(kind: str) -> dict[str, tuple[str, int]]:
    """Return field and rank by the letters of each name; a name belongs to its first field."""
    found: dict[str, tuple[str, int]] = {}
    for field, names in FIELDS[kind].items():
        for rank, name in enumerate(names.split(", ")):
            found.setdefault(letters(name), (field, rank))
    return found


def _require(kind: str, columns: Columns) -> None:
    for group in REQUIRED[kind]:
        if not any(field in columns.places for field in group):
            shown = ", ".join(cell for cell in columns.header if cell)
            raise InvalidInputError(
                "no_header",
                f"The file has no column for {' or '.join(group)}; it has: {shown}",
                hint=f"Name it: --map {group[0]}='…'",
                details={"found": list(columns.header), "field": group[0]},
            )

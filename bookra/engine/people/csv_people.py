"""People in a CSV file: which column is what, and what a record's cells say of one person.

Exports name their columns in many ways and languages, and spreadsheets damage numbers: what can be
restored without a guess is, everything else is a reason to reject the line. Reasons name columns,
never what is in them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bookra.engine.people.csv_lines import UNREADABLE, Record
from bookra.engine.people.customers import checked_email, checked_phone
from bookra.errors import InvalidInputError
from bookra.ids import checked_name

ACCEPTED: dict[str, tuple[str, ...]] = {
    field: tuple(words.split(", "))
    for field, words in {
        "name": "Name, Full Name, Customer, Customer Name, Client, Client Name, Display Name,"
        " Contact Name, Kunde, Kundin, Kundenname, Vollständiger Name, Nom complet,"
        " Nombre completo, Nome completo, Imię i nazwisko, Klient, Naam, Volledige naam",
        "first": "First Name, Given Name, Forename, Vorname, Prénom, Nombre, Nome, Imię,"
        " Voornaam, Förnamn, Fornavn",
        "last": "Last Name, Surname, Family Name, Nachname, Familienname, Nom, Nom de famille,"
        " Apellido, Apellidos, Cognome, Sobrenome, Apelido, Nazwisko, Achternaam, Efternamn,"
        " Etternavn, Efternavn",
        "mobile": "Mobile, Mobile Phone, Mobile Phone Number, Mobile Number, Mobile No, Cell,"
        " Cell Phone, Cell Phone Number, Handy, Handynummer, Handy-Nr, Mobil, Mobiltelefon,"
        " Mobilnummer, Mobilfunk, Telefon mobil, Natel, Móvil, Teléfono móvil, Portable,"
        " Téléphone portable, Cellulare, Celular, Telemóvel, Komórka, Telefon komórkowy, Mobiel,"
        " GSM, WhatsApp",
        "phone": "Phone, Phone Number, Phone No, Telephone, Telephone Number, Tel, Tel-Nr,"
        " Contact Number, Primary Phone, Home Phone, Landline, Phone Value, Telefon,"
        " Telefonnummer, Telefon-Nr, Telefon privat, Rufnummer, Festnetz, Téléphone, Teléfono,"
        " Telefono, Telefone, Numer telefonu, Telefoon, Telefoonnummer",
        "email": "E-mail, E-mail Address, E-mail Value, E-Mail-Adresse, Mail, Mail Address,"
        " Correo, Correo electrónico, Courriel, Adresse e-mail, Adres e-mail, Posta elettronica,"
        " E-mailadres, E-postadress",
    }.items()
}

_ROUNDED = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE]\+?\d+")
_FORMULA = re.compile(r'="?([^"]*)"?')
_FRACTION = re.compile(r"(\+?\d{4,})[.,]0+")
_EXTENSION = re.compile(r"(?:x|ext\.?|extension)\s*\d{1,7}$", re.IGNORECASE)
_SEVERAL = re.compile(r"[/,;|]")
_BLANK = re.compile(r"[-–—./_\s]*")
_PERSIAN_JOINT = re.compile("(?<=[\u0600-\u06ff])\u200c(?=[\u0600-\u06ff])")


@dataclass(frozen=True, slots=True)
class Person:
    """A line that can be kept. ``phone`` is E.164."""

    line: int
    name: str
    phone: str | None
    email: str | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that is not kept: ``code`` for scripts, ``reason`` for people."""

    line: int
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a header has what, by index; of several phone columns the mobile ones come first."""

    header: tuple[str, ...]
    name: tuple[int, ...]
    first: tuple[int, ...]
    last: tuple[int, ...]
    phone: tuple[int, ...]
    email: tuple[int, ...]

    @classmethod
    def of(cls, header: Sequence[str], chosen: Mapping[str, int] | None = None) -> Columns:
        """Find the columns; raises InvalidInputError (``no_header``) when none holds names.

        ``chosen`` says where some fields are; they are looked for nowhere else.
        """
        places: dict[str, list[int]] = {field: [] for field in ACCEPTED}
        said = dict(chosen or {})
        for index, cell in enumerate(header):
            field = _KNOWN.get(_key(cell))
            if field and field not in said and index not in said.values():
                places[field].append(index)
        for field, index in said.items():
            places[field] = [index]
        found = {field: tuple(indexes) for field, indexes in places.items()}
        if not (found["name"] or found["first"] or found["last"]):
            raise _no_header(header)
        found["phone"] = found.pop("mobile") + found["phone"]
        return cls(tuple(_short(cell) for cell in header), **found)

    @property
    def used(self) -> tuple[int, ...]:
        """Every column that is read."""
        return self.name + self.first + self.last + self.phone + self.email

    @property
    def ignored(self) -> list[str]:
        """The named columns that Bookra has no room for."""
        return [cell for index, cell in enumerate(self.header) if cell and index not in self.used]


def known_columns(header: Sequence[str]) -> int:
    """Count the cells of a header that name something of a person."""
    return sum(_key(cell) in _KNOWN for cell in header)


def read_person(record: Record, columns: Columns, country: str) -> Person | Rejected:
    """Return what a record says; phones are read as they are written in ``country``."""
    try:
        return _person(record, columns, country)
    except InvalidInputError as error:
        return Rejected(record.line, error.code, error.message)


def _person(record: Record, columns: Columns, country: str) -> Person:
    if record.torn:
        raise InvalidInputError("bad_quotes", "Its quotation marks can't be followed")
    width, cells = len(columns.header), [visible(cell) for cell in record.cells]
    if any(cells[width:]):
        raise InvalidInputError(
            "bad_columns", f"It has {len(cells)} columns, the header has {width}"
        )
    cells += [""] * (width - len(cells))
    for index in columns.used:
        if UNREADABLE in cells[index]:
            raise InvalidInputError(
                "bad_text", f"'{columns.header[index]}' holds bytes that are no text"
            )
    phone = _contact(cells, columns, columns.phone, lambda cell: phone_as_written(cell, country))
    email = _contact(cells, columns, columns.email, checked_email)
    name = _name(cells, columns)
    if not name:
        nobody = not phone and not email
        what = "neither a name nor a phone number or e-mail address" if nobody else "no name"
        raise InvalidInputError("nobody" if nobody else "no_name", f"It has {what}")
    if len(record.cells) <= max(columns.used) and not phone and not email:
        # More likely the rest of a note with an unquoted line break than a person.
        raise InvalidInputError(
            "bad_columns", f"It ends after {len(record.cells)} of {width} columns"
        )
    return Person(record.line, checked_name(name, "customer"), phone, email)


def _contact(
    cells: Sequence[str], columns: Columns, places: Sequence[int], checked: Callable[[str], str]
) -> str | None:
    """Return the first of some cells that says anything, checked; name its column if it is bad."""
    for index in places:
        if not _BLANK.fullmatch(cells[index]):
            try:
                return checked(cells[index])
            except InvalidInputError as error:
                what = {"bad_email": "holds no e-mail address"}.get(error.code, error.message)
                message = f"'{columns.header[index]}' {what}"
                raise InvalidInputError(error.code, message) from None
    return None


def phone_as_written(cell: str, country: str) -> str:
    """Return E.164 of a number that a spreadsheet may have damaged; raises ``bad_phone``.

    Restored: a leading apostrophe, ``="…"``, a trailing ``.0``, and ``(0)`` after the country.
    Not restored: rounding (``4.93E+11``), numbers with words, whose letters would be dialled, and
    two numbers in one cell, whose digits would run together.
    """
    written = cell.strip(" '’`´\"")
    if formula := _FORMULA.fullmatch(written):
        written = formula[1].strip(" '")
    written = _FRACTION.sub(r"\1", written) if _FRACTION.fullmatch(written) else written
    if _ROUNDED.fullmatch(written):
        raise InvalidInputError(
            "bad_phone", "was rounded by a spreadsheet: format it as text and export it again"
        )
    dialled = _EXTENSION.sub("", written.removeprefix("tel:"))
    before, *others = (part.strip() for part in _SEVERAL.split(dialled.strip("/,;| ")))
    if any(part.startswith(("0", "+")) or _phone(before, country) for part in others):
        raise InvalidInputError("bad_phone", "holds more than one phone number")
    words = any(character.isalpha() for character in dialled)
    found = None if words else _phone(dialled, country)
    if found is None:
        raise InvalidInputError("bad_phone", f"holds no phone number as written in {country}")
    return found


def _phone(written: str, country: str) -> str | None:
    for candidate in (written, written.replace("(0)", "")):
        try:
            return checked_phone(candidate, country)
        except InvalidInputError:
            continue
    return None


def visible(cell: str) -> str:
    """Return a cell in NFC, on one line, without what can't be seen.

    Persian keeps word parts apart with a joint of no width; without one they would run together.
    """
    if cell.isascii() and cell.isprintable():
        return cell.strip()
    composed = _PERSIAN_JOINT.sub(" ", unicodedata.normalize("NFC", cell))
    seen = (c for c in composed if unicodedata.category(c) != "Cf")
    return " ".join("".join(c if c.isprintable() else " " for c in seen).split())


def _name(cells: Sequence[str], columns: Columns) -> str:
    """Return the whole name. Beside a first name alone, "Name" is what Germans call the last."""
    full, first, last = (
        next((cells[index] for index in places if not _BLANK.fullmatch(cells[index])), "")
        for places in (columns.name, columns.first, columns.last)
    )
    if columns.last or not columns.first:
        return f"{first} {last}".strip() or full
    within = f" {first} ".casefold() in f" {full} ".casefold()
    return full if within else f"{first} {full}".strip()


def _key(cell: str) -> str:
    """Return a header's letters alone, without case and accents."""
    plain = unicodedata.normalize("NFKD", cell).casefold()
    return "".join(character for character in plain if character.isalpha())


def _short(cell: str) -> str:
    shown = visible(cell)
    return shown if len(shown) <= 40 else shown[:39] + "…"


def _no_header(header: Sequence[str]) -> InvalidInputError:
    found = [_short(cell) for cell in header if cell]
    shown = ", ".join(found[:20]) + (", …" if len(found) > 20 else "")
    return InvalidInputError(
        "no_header",
        f"The file's first line names no column for names; it has: {shown}",
        hint="Accepted are, in several languages: Name, or First Name and Last Name; Mobile,"
        " Phone Number; E-mail",
        details={"found": found, "accepted": {key: list(value) for key, value in ACCEPTED.items()}},
    )


_KNOWN = {_key(word): field for field, words in ACCEPTED.items() for word in words}

"""What cells say: days, times, lengths and amounts as other programs write them. Pure.

Nothing is guessed where a guess could be wrong: ``03/04/2026`` is the third of April or the fourth
of March, and is refused until somebody says which. Reasons never quote a cell.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bookra import clock
from bookra.errors import InvalidInputError
from bookra.money import Money, exponent

DATE_ORDERS = ("dmy", "mdy")
LONGEST_MINUTES = 24 * 60

_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_NUMBERS = re.compile(r"(\d{1,2})([-/.])\s?(\d{1,2})\2\s?(\d{4}|\d{2})")
_WORDS = re.compile(r"(?:(\d{1,2})\.?\s+([^\W\d]+)\.?|([^\W\d]+)\.?\s+(\d{1,2})),?\s+(\d{4})")
_WEEKDAY = re.compile(r"^[^\W\d]+\.?,?\s+(?=\d|[^\W\d]+\.?\s+\d)")
_TIME = re.compile(
    r"(\d{1,2})(?:[:.h](\d{2}))?(?::\d{2}(?:\.\d+)?)?\s*([ap])?\.?(?:m\.?)?\s*(?:Uhr)?"
)
_OFFSET = re.compile(r"\s*(Z|(?:UTC|GMT)?[+-]\d{2}:?\d{2}|UTC|GMT)$")
_STAMP = re.compile(
    r"(.*\d{4}|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d.*[-/.]\d{2}),?(?:\s+(?:at\s+)?|T)(\d.*)"
)
_CLOCKED = re.compile(r"(\d{1,2}):(\d{2})(?::00)?")
_PARTED = re.compile(
    r"(?:(\d{1,2})\s*(?:h|hr|hrs|hour|hours|std|stunden?)\b\.?)?\s*"
    r"(?:(\d{1,4})\s*(?:m|min|mins|minute|minutes|minuten)\b\.?)?",
    re.IGNORECASE,
)
_AMOUNT = re.compile(r"\d{1,3}(?:[., '\u00a0\u202f’]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?")
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier enero ene janv",
            "feb february februar fevrier febrero fevr fev",
            "mar march marz mars marzo mrz maerz",
            "apr april avril abril avr abr",
            "may mai mayo",
            "jun june juni juin junio",
            "jul july juli juillet julio juil",
            "aug august aout agosto ago",
            "sep sept september septembre septiembre",
            "oct october oktober octobre octubre okt",
            "nov november novembre noviembre",
            "dec december dezember decembre diciembre dez dic",
        ),
        start=1,
    )
    for name in names.split()
}


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is to be read. ``dates`` is the order of the numbers of a day, if it was said."""

    zone: ZoneInfo
    currency: str
    dates: str | None = None


def read_day(text: str, order: str | None) -> date:
    """Return a day; raises InvalidInputError (``bad_date``, ``ambiguous_date``)."""
    written = text.strip()
    if found := _ISO.fullmatch(written):
        return _day(int(found[1]), int(found[2]), int(found[3]))
    if found := _NUMBERS.fullmatch(written):
        return _numbers(int(found[1]), found[2], int(found[3]), found[4], order)
    for words in (written, _WEEKDAY.sub("", written)):
        found = _WORDS.fullmatch(words)
        month = _MONTHS.get(_plain(found[2] or found[3])) if found else None
        if found is not None and month is not None:
            return _day(int(found[5]), month, int(found[1] or found[4]))
    raise InvalidInputError("bad_date", "holds no day that can be read")


def _numbers(first: int, mark: str, second: int, year: str, order: str | None) -> date:
    """Return the day of three numbers: dots are European, otherwise 13 and more tell the day."""
    whole = int(year) if len(year) == 4 else 2000 + int(year)
    if mark == "." or first > 12:
        order = "dmy"
    elif second > 12:
        order = "mdy"
    elif first != second and order is None:
        raise InvalidInputError(
            "ambiguous_date",
            "may be day and month or month and day: say --dates dmy or --dates mdy",
        )
    return _day(whole, first, second) if order == "mdy" else _day(whole, second, first)


def _day(year: int, month: int, day: int) -> date:
    if year not in clock.YEARS:
        raise InvalidInputError("bad_date", "holds a year that can't be right")
    try:
        return date(year, month, day)
    except ValueError:
        raise InvalidInputError("bad_date", "holds a day that the calendar does not have") from None


def read_time(text: str) -> time:
    """Return a time of 12 or 24 hours; raises InvalidInputError (``bad_time``)."""
    found = _TIME.fullmatch(text.strip().lower().replace("\u202f", " ").replace("uhr", "").strip())
    if found is None or (found[2] is None and found[3] is None):
        raise InvalidInputError("bad_time", "holds no time that can be read")
    hour, minute, half = int(found[1]), int(found[2] or 0), found[3]
    if half is not None:
        if not 1 <= hour <= 12:
            raise InvalidInputError("bad_time", "holds an hour that a 12-hour clock does not have")
        hour = hour % 12 + (12 if half == "p" else 0)
    if hour > 23 or minute > 59:
        raise InvalidInputError("bad_time", "holds a time that no clock shows")
    return time(hour, minute)


def read_moment(text: str, reading: Reading, clock_text: str | None = None) -> datetime:
    """Return the instant of a day with its time, in one cell or in two.

    An offset in the cell counts, otherwise the zone of the file. Raises InvalidInputError
    (``bad_date``, ``ambiguous_date``, ``bad_time``, ``time_skipped``).
    """
    written = text.strip()
    if clock_text is None or not clock_text.strip():
        stamp = _STAMP.fullmatch(written)
        if stamp is None:
            raise InvalidInputError("bad_time", "holds a day without a time")
        written, clock_text = stamp[1], stamp[2]
    elif stamp := _STAMP.fullmatch(written):
        written = stamp[1]  # a day at midnight, and its time beside it
    offset = _OFFSET.search(clock_text)
    day = read_day(written.rstrip(","), reading.dates)
    at = read_time(clock_text[: offset.start()] if offset else clock_text)
    local = datetime.combine(day, at)
    if offset is not None:
        return local.replace(tzinfo=UTC) - _shift(offset[1])
    return clock.resolve(local, reading.zone)


def _shift(text: str) -> timedelta:
    digits = re.sub(r"[^0-9]", "", text)
    if not digits:
        return timedelta(0)
    span = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -span if "-" in text else span


def read_minutes(text: str) -> int:
    """Return a length in minutes: ``45``, ``1:30``, ``1h 30min``, ``90 min``.

    Raises InvalidInputError (``bad_duration``).
    """
    written = text.strip()
    if clocked := _CLOCKED.fullmatch(written):
        minutes = int(clocked[1]) * 60 + int(clocked[2])
    elif re.fullmatch(r"\d{1,4}(?:[.,]0+)?", written):
        minutes = int(re.split(r"[.,]", written)[0])
    else:
        parted = _PARTED.fullmatch(written)
        if not written or parted is None or not (parted[1] or parted[2]):
            raise InvalidInputError("bad_duration", "holds no length in minutes")
        minutes = int(parted[1] or 0) * 60 + int(parted[2] or 0)
    if not 1 <= minutes <= LONGEST_MINUTES:
        raise InvalidInputError("bad_duration", "holds a length that no visit has")
    return minutes


def read_price(text: str, currency: str) -> Money:
    """Return an amount with a decimal point or comma, signs and codes left aside.

    Raises InvalidInputError (``bad_amount``, ``ambiguous_amount``).
    """
    written = text.strip()
    if _plain(written) in ("free", "gratis", "kostenlos", "gratuit"):
        return Money(0, currency)
    bare = re.sub(r"[^\W\d]+\.?|[\$€£¥₹]", "", written).strip()
    if _AMOUNT.fullmatch(bare) is None:
        raise InvalidInputError("bad_amount", "holds no amount")
    places = exponent(currency)
    whole, fraction = _parted(bare, places)
    if len(fraction) > places and fraction.rstrip("0") != fraction[:places].rstrip("0"):
        raise InvalidInputError("bad_amount", f"holds more decimals than {currency} has")
    return Money(int(whole + fraction[:places].ljust(places, "0")), currency)


def _parted(bare: str, places: int) -> tuple[str, str]:
    """Return the digits before and after the decimal mark, if there is one."""
    marks = re.findall(r"[.,]", bare)
    digits = re.sub(r"[^0-9.,]", "", bare)
    if not marks:
        return digits, ""
    head, _, tail = digits.rpartition(marks[-1])
    if len(marks) == 1 and len(tail) == 3:
        if places == 3 and not re.search(r"[ '\u00a0\u202f’]", bare):
            raise InvalidInputError(
                "ambiguous_amount", "may mean thousands or thousandths: write all decimals"
            )
        return head + tail, ""
    if marks.count(marks[-1]) > 1:
        if len(tail) != 3:
            raise InvalidInputError("bad_amount", "holds no amount")
        return re.sub(r"[.,]", "", digits), ""
    return re.sub(r"[.,]", "", head), tail


def _plain(text: str) -> str:
    """Return letters alone, without case and accents."""
    apart = unicodedata.normalize("NFKD", text).casefold()
    return "".join(one for one in apart if one.isalpha())

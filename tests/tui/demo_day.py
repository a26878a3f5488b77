"""The salon of the screens' tests, without an engine: one deterministic day.

Sunday 22 November 2026 in London, eight people, sixty bookings in every state, breaks, colour
that develops while its stylist has another client, and a late start and an early end here and
there.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from bookra.engine.bookings.day import DayBlock, DayColumn
from bookra.money import Money
from bookra.tui.desk import Brand

TZ = ZoneInfo("Europe/London")
TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 11, 22, tzinfo=UTC)
LUNA = Brand("Luna Hair & Nails", "✦ Luna Hair & Nails", "#c265a5", "#f2b1d8", TZ.key, "GBP")

STAFF = ("Mia", "Noor", "Oskar", "Priya", "Quentin", "Rosalind", "Sam", "Theo")
MENU = (
    ("Cut & finish", "Cut", 45, 5200),
    ("Dry cut", "Cut", 30, 3400),
    ("Root tint", "Colour", 90, 7800),
    ("Balayage", "Colour", 150, 16500),
    ("Gel manicure", "Nails", 60, 3800),
    ("Pedicure", "Nails", 45, 4200),
    ("Brow lamination", "Brow", 45, 4000),
    ("Brow wax", "Brow", 15, 1400),
    ("1:1 coaching", "Coaching", 60, 9500),
    ("Intro call", "Coaching", 30, 0),
    ("Hot stone", "Spa", 75, 8800),
)
CLIENTS = (
    "Ana Moreira|Bea Lindqvist|Chloé Durand|Dora Nagy|Ella Okafor|Fay Tanaka|Grace Hill|"
    "Hanna Weiß|Imani Cole|Jo Park|Kim Dao|Lena Novak|Maya Singh|Nora Ruiz|Olu Bello|Pia Rossi|"
    "Quinn Fox|Rosa Vega|Sara Lind|Tess Moran|Uma Rao|Vera Petrov|山田 花子|Xenia Roth|"
    "Yara Haddad|Zoe King"
).split("|")
APPOINTMENTS = 60
COMING = ("confirmed", "confirmed", "confirmed", "held", "displaced")


def at(hour: int, minute: int = 0, day: date = TODAY) -> datetime:
    """Return an instant of the test day."""
    return datetime.combine(day, time(hour, minute), TZ).astimezone(UTC)


def gbp(minor: int) -> Money:
    return Money(minor, "GBP")


def demo_day() -> tuple[tuple[DayColumn, ...], dict[str, DayBlock]]:
    """Return people and their bookings; the same at every call."""
    random = Random(4)
    columns, blocks = [], []
    for index, name in enumerate(STAFF):
        opens, closes = at(8 + index % 2), at(18 + index % 3)
        lunch = at(12, 30 * (index % 4 % 2)) + timedelta(minutes=30 * (index % 3))
        columns.append(
            DayColumn(name.lower(), name, ((opens, lunch), (lunch + timedelta(minutes=60), closes)))
        )
        for start, end in columns[-1].shifts:
            blocks += _fill(random, name.lower(), start, end, len(blocks))
    while len(blocks) > APPOINTMENTS:
        blocks.pop(random.randrange(len(blocks)))
    return tuple(columns), {block.code: block for block in blocks}


def _fill(
    random: Random, staff: str, start: datetime, end: datetime, number: int
) -> list[DayBlock]:
    blocks: list[DayBlock] = []
    while start < end:
        name, category, minutes, price = random.choice(MENU)
        finish = start + timedelta(minutes=minutes)
        if finish > end or random.random() < 0.25:
            start += timedelta(minutes=random.choice((15, 30)))
            continue
        code = f"LUN-{number + len(blocks):04d}"
        block = _block(random, code, staff, start, name, category, minutes, price)
        blocks.append(block)
        if block.gaps and random.random() < 0.7:
            inner, until = block.gaps[0]
            wax = ("Brow wax", "Brow", (until - inner) // timedelta(minutes=1), 1400)
            blocks.append(_block(random, f"{code}G", staff, inner, *wax))
        start = finish
    return blocks


def _block(
    random: Random,
    code: str,
    staff: str,
    start: datetime,
    name: str,
    category: str,
    minutes: int,
    price: int,
) -> DayBlock:
    end = start + timedelta(minutes=minutes)
    if end <= NOW:
        status = "no_show" if random.random() < 0.08 else "completed"
    elif start <= NOW:
        status = random.choice(("in_service", "checked_in"))
    else:
        status = random.choice(COMING)
    due = 0 if status == "completed" or random.random() < 0.3 else price
    gap = (start + timedelta(minutes=45), start + timedelta(minutes=75))
    return DayBlock(
        code, staff, random.choice(CLIENTS), name, category, status, start, end,
        (gap,) if name == "Balayage" else (), gbp(price), gbp(due),
        NOW + timedelta(minutes=40) if status == "held" else None,
    )  # fmt: skip

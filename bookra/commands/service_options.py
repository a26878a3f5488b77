"""The options of a service, as ``service add`` and ``service set`` share them, read into values."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.clock import WEEKDAYS
from bookra.commands.session import current
from bookra.errors import InvalidInputError, UsageError
from bookra.money import format_minor, rate_bps

if TYPE_CHECKING:
    from bookra.engine.catalog.model import Need, Offered, Segment, ServiceLevel


class Align(StrEnum):
    """What starts are counted from."""

    CLOCK = "clock"
    SHIFT = "shift"


ShortName = Annotated[
    str | None, typer.Option(help="For narrow columns: at most 12 letters; '' for none.")
]
Minutes = Annotated[int | None, typer.Option(help="How long it takes, all busy.")]
Segments = Annotated[str | None, typer.Option(help="'busy 30,gap 20,busy 15'.")]
Granularity = Annotated[int | None, typer.Option(help="Starts lie so many minutes apart.")]
Alignment = Annotated[
    Align | None, typer.Option("--align", help="Count starts from midnight, or from each shift.")
]
Notice = Annotated[int | None, typer.Option(help="Minutes between booking and start.")]
Horizon = Annotated[int | None, typer.Option(help="Days ahead that can be booked.")]
DailyLimit = Annotated[int | None, typer.Option(help="At most so many a day.")]
Capacity = Annotated[int | None, typer.Option(help="Makes it a class with so many seats.")]
Resources = Annotated[
    list[str] | None,
    typer.Option("--resource", help="A unit of POOL, for its visit (default), busy or gap."),
]
Levels = Annotated[
    list[str] | None,
    typer.Option("--level", help="'senior:55.00', or 'junior:35.00:busy 60,gap 10,busy 5'."),
]
TaxPercent = Annotated[
    str | None, typer.Option(help="Its own tax rate, such as 7; 'none': the business's.")
]
Deposit = Annotated[
    str | None, typer.Option(help="To be paid beforehand: '20%', '10.00' or 'none'.")
]
OfferedOn = Annotated[
    list[str] | None,
    typer.Option("--offered", help="When it is sold at all, such as 'mon-fri 09:00-12:00'."),
]


@contextmanager
def pointing() -> Iterator[None]:
    """Show on a terminal where in a notation the word stands that can't be read."""
    try:
        yield
    except InvalidInputError as error:
        details = error.details
        if "position" in details and sys.stderr.isatty() and current().format != "json":
            caret = " " * details["position"] + "^" * details["length"]
            error.hint = f"{details['text']}\n  {caret}\n  {error.hint}"
        raise


def segments_of(minutes: int | None, segments: str | None) -> tuple[Segment, ...] | None:
    """Return what ``--minutes`` or ``--segments`` say, if either does; both have to agree."""
    from bookra.engine.catalog.model import Segment, checked_segments, parse_segments

    if segments is None:
        if minutes is None:
            return None
        if minutes < 1:
            raise InvalidInputError("bad_minutes", f"{minutes} minutes is no length")
        return checked_segments((Segment(busy=True, minutes=minutes),))
    parts = parse_segments(segments)
    if minutes is not None and sum(part.minutes for part in parts) != minutes:
        raise InvalidInputError("bad_segments", f"The segments do not add up to {minutes} minutes")
    return parts


def needs_of(texts: Sequence[str]) -> tuple[Need, ...]:
    """Read ``--resource`` as often as it was given; an empty text is none."""
    from bookra.engine.catalog.options import parse_need

    return tuple(parse_need(text) for text in texts if text.strip())


def levels_of(texts: Sequence[str], currency: str) -> tuple[ServiceLevel, ...]:
    """Read ``--level`` as often as it was given; an empty text is none."""
    from bookra.engine.catalog.options import parse_level

    return tuple(parse_level(text, currency) for text in texts if text.strip())


def offered_of(texts: Sequence[str]) -> tuple[Offered, ...]:
    """Read ``--offered`` as often as it was given; an empty text is none."""
    from bookra.engine.availability.hours import checked_weeks, parse_week
    from bookra.engine.catalog.model import Offered

    weeks = checked_weeks(parse_week(text) for text in texts if text.strip())
    return tuple(
        Offered(weekday, *shift)
        for week in weeks
        for weekday in week.weekdays
        for shift in week.shifts
    )


def own_tax(text: str) -> int | None:
    """Read ``--tax-percent``: basis points, or None for the business's own rate."""
    return None if text.strip() in ("", "none") else rate_bps(text)


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that were given."""
    return {name: value for name, value in values.items() if value is not None}


def cleared(
    options: Mapping[str, Any], cleared: Mapping[str, bool], nothing: Any
) -> dict[str, Any]:
    """Return ``nothing`` for each option that ``--no-…`` clears; raises UsageError for both."""
    for name, chosen in cleared.items():
        if chosen and name in options:
            option = name.removesuffix("_minutes").removesuffix("_days").replace("_", "-")
            raise UsageError("usage", f"--{option} and --no-{option} contradict each other")
    return {name: nothing for name, chosen in cleared.items() if chosen}


def require_change(changes: Mapping[str, Any], command: str) -> None:
    """Raise UsageError (``nothing_given``) when no option says what to change."""
    if not changes:
        raise UsageError(
            "nothing_given", "Nothing was given to change", hint=f"See: bookra {command} --help"
        )


def notation(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a service's document with its lists as they are typed, for people to read."""
    levels = [
        f"{level['level']}:{_amount(level['price'])}:{level['segments']}"
        for level in document["levels"]
    ]
    days: dict[str, list[int]] = {}
    for hours in document["offered"]:
        days.setdefault(hours["shifts"], []).append(WEEKDAYS.index(hours["day"]))
    return {
        **document,
        "levels": "\n".join(levels),
        "resources": ", ".join(f"{need['pool']}:{need['span']}" for need in document["resources"]),
        "offered": "\n".join(f"{_days(found)} {shifts}" for shifts, found in days.items()),
    }


def _amount(price: Mapping[str, Any]) -> str:
    return format_minor(price["amount_minor"], price["currency"])


def _days(weekdays: Sequence[int]) -> str:
    """Return ``mon-fri,sun``: runs of three days and more as a range."""
    runs: list[list[int]] = []
    for weekday in weekdays:
        if runs and runs[-1][-1] == weekday - 1:
            runs[-1].append(weekday)
        else:
            runs.append([weekday])
    return ",".join(
        f"{WEEKDAYS[run[0]]}-{WEEKDAYS[run[-1]]}"
        if len(run) > 2
        else ",".join(WEEKDAYS[day] for day in run)
        for run in runs
    )

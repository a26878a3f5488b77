"""Recurring events of the Google stand-in, shown as their instances (``singleEvents=true``).

An instance is named ``SERIES_20261124T090000Z``, or ``SERIES_20261124`` when it lasts whole days.
One that was changed or cancelled by itself is stored under that name, in its instance's place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from bookra.sandbox.google_errors import refused
from bookra.sandbox.state import Json

INSTANCE = re.compile(r"(.+)_(\d{8}(?:T\d{6}Z)?)")
LONGEST = timedelta(days=730)
"""How far a series without an end is shown, as Google does."""

_DAYS = {"DAILY": 1, "WEEKLY": 7}


def instances(event: Json) -> Iterator[Json]:
    """Yield the instances of a series, cancelled with it; 400 for a rule that isn't understood."""
    kept = {name: value for name, value in event.items() if name != "recurrence"}
    for start, end in _times(event):
        yield {
            **kept,
            "id": f"{event['id']}_{_name(start)}",
            "recurringEventId": event["id"],
            "originalStartTime": start,
            "start": start,
            "end": end,
        }


def instance(event: Json, key: str) -> Json | None:
    """Return the instance ``key`` of a series, or None when the series has none of that name."""
    return next((one for one in instances(event) if one["id"] == key), None)


def series_of(key: str) -> str | None:
    """Return the series that an instance's name speaks of, or None when it is no such name."""
    found = INSTANCE.fullmatch(key)
    return found[1] if found else None


def _times(event: Json) -> Iterator[tuple[Json, Json]]:
    rule = _rule(event["recurrence"])
    step = timedelta(days=_DAYS[rule["FREQ"]] * int(rule.get("INTERVAL", "1")))
    start, end = _local(event["start"]), _local(event["end"])
    until = _until(rule.get("UNTIL"), start + LONGEST)
    count = int(rule.get("COUNT", "10000"))
    for number in range(count):
        begin = start + number * step
        if begin > until:
            return
        yield _edge(begin, event["start"]), _edge(end + number * step, event["end"])


def _rule(recurrence: list[str]) -> dict[str, str]:
    lines = [line for line in recurrence if line.startswith("RRULE:")]
    rule = dict(part.split("=", 1) for part in lines[0][6:].split(";")) if lines else {}
    if rule.get("FREQ") not in _DAYS or rule.keys() - {"FREQ", "INTERVAL", "COUNT", "UNTIL"}:
        raise refused(400, "invalid", "Invalid recurrence rule.")
    return rule


def _local(when: Json) -> datetime:
    """Return an edge by the wall clock of its zone, without a zone: what a rule counts in."""
    if "date" in when:
        day = date.fromisoformat(when["date"])
        return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a wall clock's time
    zone = ZoneInfo(when.get("timeZone") or "UTC")
    return datetime.fromisoformat(when["dateTime"]).astimezone(zone).replace(tzinfo=None)


def _until(text: str | None, otherwise: datetime) -> datetime:
    if text is None:
        return otherwise
    return datetime.strptime(text[:8], "%Y%m%d") + timedelta(days=1)  # noqa: DTZ007 - as above


def _edge(local: datetime, like: Json) -> Json:
    if "date" in like:
        return {"date": local.date().isoformat()}
    zone = like.get("timeZone") or "UTC"
    return {"dateTime": local.replace(tzinfo=ZoneInfo(zone)).isoformat(), "timeZone": zone}


def _name(start: Json) -> str:
    if "date" in start:
        return str(start["date"]).replace("-", "")
    return datetime.fromisoformat(start["dateTime"]).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")

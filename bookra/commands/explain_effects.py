"""``bookra explain CODE --effects``: from a booking to what came of it, as a timeline."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bookra.commands import output
from bookra.commands.session import current

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from bookra.engine.reports.explain_effects import Step, Trace


def show(name: str) -> None:
    """Print the trace of what is named: a document, or a timeline for a person."""
    from bookra.engine.reports.explain_effects import trace

    found, zone = current().report(lambda tx: (trace(tx, name), tx.tenant.zone))
    if current().format == "table":
        output.lines(list(_timeline(found, zone)), empty="Nothing came of it yet.")
        return
    steps = [_step(step, zone) for step in found.timeline]
    output.record(
        {
            "name": found.name,
            "kind": found.kind,
            "effects": [_plain(row, zone) for row in found.effects],
            "calendar": found.calendar,
            "timeline": steps,
        }
    )


def _step(step: Step, zone: ZoneInfo) -> dict[str, Any]:
    """``at source what reference`` and what else is known of a step."""
    return {
        "at": _moment(step.at, zone),
        "source": step.source,
        "what": step.what,
        "reference": step.reference or None,
        **_plain(step.more, zone),
    }


def _plain(row: dict[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    return {
        name: _moment(value, zone) if isinstance(value, datetime) else value
        for name, value in row.items()
    }


def _moment(at: datetime, zone: ZoneInfo) -> str:
    """Return an instant with its milliseconds: effects follow each other closely."""
    return at.astimezone(zone).isoformat(timespec="milliseconds")


def _timeline(found: Trace, zone: ZoneInfo) -> Iterator[str]:
    """Yield a line a step: the time, how long after the one before, where from, what, which."""
    yield f"{found.kind} {found.name}"
    day, before = None, None
    for step in found.timeline:
        local = step.at.astimezone(zone)
        if local.date() != day:
            day = local.date()
            yield f"{day:%a %d %b %Y}"
        after = "" if before is None else _after((step.at - before).total_seconds())
        before = step.at
        time = f"{local:%H:%M:%S}.{local.microsecond // 1000:03}"
        more = [
            f"{name.replace('_', ' ')} {value}" for name, value in _plain(step.more, zone).items()
        ]
        told = " · ".join([step.what, *([step.reference] if step.reference else []), *more])
        yield f"  {time}  {after:>8}  {step.source:<10}  {told}"
    for event in found.calendar:
        told = f"{event['reference']} in {event['calendar']}"
        yield f"  {'now':<12}  {'':>8}  {'calendar':<10}  {told}"


def _after(seconds: float) -> str:
    """Return a span as a person reads it: 0.25 s, 12 s, 3 min, 5 h, 2 d."""
    if seconds < 10:
        return f"+{seconds:.2f} s"
    for unit, size, most in (("s", 1, 120), ("min", 60, 7200), ("h", 3600, 172_800)):
        if seconds < most:
            return f"+{seconds / size:.0f} {unit}"
    return f"+{seconds / 86_400:.0f} d"

"""Times and spans of a window in a reason's words, on the business's clock."""

from __future__ import annotations

from bookra import clock
from bookra.engine.availability.window import Window


def between(window: Window, a: int, b: int) -> str:
    """Return a span in words: times alone, unless it lasts beyond its day."""
    if same_day(window, a, b - 1):
        return f"{clock_time(window, a)}-{clock_time(window, b)}"
    return f"{day_and_time(window, a)} to {day_and_time(window, b)}"


def when(window: Window, epoch: int, asked: int) -> str:
    """Return a time, with its day unless that is the day that was asked for."""
    tell = clock_time if same_day(window, epoch, asked) else day_and_time
    return tell(window, epoch)


def clock_time(window: Window, epoch: int) -> str:
    """Return a time of day: ``14:30``."""
    return f"{clock.from_epoch(epoch).astimezone(window.zone):%H:%M}"


def day_and_time(window: Window, epoch: int) -> str:
    """Return a day and a time: ``Tue 24 Nov 14:30``."""
    return f"{clock.from_epoch(epoch).astimezone(window.zone):%a %d %b %H:%M}"


def same_day(window: Window, a: int, b: int) -> bool:
    """Tell whether two instants lie on one day of the business."""
    days = {clock.local_day(clock.from_epoch(at), window.zone) for at in (a, b)}
    return len(days) == 1


def duration(seconds: int) -> str:
    """Return a length of time in words: ``45 minutes``, ``2 days``."""
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds and seconds % size == 0:
            count = seconds // size
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds // 60} minutes"

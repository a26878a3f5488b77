"""How fresh what a screen shows is, and whether anything may be written on its strength."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bookra.tui.look import Look
from bookra.tui.widgets.header import Health

PATIENCE = timedelta(seconds=10)
"""A reading that takes longer than this makes the picture old, as a failed one does."""


@dataclass
class Freshness:
    """What is wanted (a day, a search), what is shown and since when. ``read_only`` never ends."""

    wanted: object
    read_only: bool
    locked: bool = False
    shown: object | None = None
    read_at: datetime | None = None
    asked_at: datetime | None = None
    failed: bool = False

    @property
    def shows_wanted(self) -> bool:
        """Tell whether the day on the screen is the one that was asked for last."""
        return self.shown == self.wanted

    def read(self, what: object, now: datetime) -> None:
        """Note that something was read."""
        self.shown, self.read_at = what, now
        self.asked_at, self.failed = None, False

    def asked(self, now: datetime) -> None:
        """Note that something was asked; the first question that is not answered counts."""
        self.asked_at = self.asked_at or now

    def refused(self) -> None:
        """Note that it could not be read."""
        self.asked_at, self.failed = None, True

    def stale(self, now: datetime) -> bool:
        """Tell whether the picture is old: the last reading failed, or takes too long."""
        return self.failed or (self.asked_at is not None and now - self.asked_at > PATIENCE)

    def health(self, look: Look, now: datetime) -> Health:
        """Return what the header says about it."""
        glyphs = look.glyphs
        if self.stale(now):
            since = f" since {look.time(self.read_at)}" if self.read_at else ""
            return Health("stale", f"{glyphs.stale} stale{since}")
        if not self.shows_wanted:
            return Health("reading", "reading")
        if self.locked or self.read_only:
            return Health("locked", f"{glyphs.lock} read-only")
        return Health("live", f"{glyphs.live} live")

    def why_not_write(self, look: Look, now: datetime) -> str:
        """Return why nothing can be written now; nothing if it can."""
        if self.read_only:
            return "This desk is read-only"
        if self.locked:
            return f"Writing is locked; {look.key('lock')} unlocks it"
        if self.stale(now):
            return "The desk can't be read now; nothing can be changed until it can"
        if not self.shows_wanted:
            named = look.day(self.wanted) if isinstance(self.wanted, date) else "what is shown"
            return f"Still reading {named}"
        return ""

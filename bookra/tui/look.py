"""How values are written at this desk: times in the tenant's zone, money with its sign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from bookra.money import Money
from bookra.tui import amounts
from bookra.tui.glyphs import ASCII, UNICODE, Glyphs, word

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Look:
    """The tenant's zone and currency, the set of glyphs, and the keys as they are bound.

    ``keys`` are those that the operator gave to actions, by their ids.
    """

    tz: ZoneInfo
    currency: str
    ascii_only: bool = False
    keys: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def glyphs(self) -> Glyphs:
        """The set of glyphs in use."""
        return ASCII if self.ascii_only else UNICODE

    def key(self, action: str) -> str:
        """Return the key of an action, by its id, as a person reads it."""
        from bookra.tui.actions import by_id  # what prints a day in the same words binds no key
        from bookra.tui.actions.remap import key_of

        return key_of(by_id()[action], self.keys, ascii_only=self.ascii_only)

    @property
    def due_mark(self) -> str:
        """The character that says that money is due."""
        return amounts.due_mark(self.currency, ascii_only=self.ascii_only)

    def money(self, money: Money) -> str:
        """Return an amount with all its decimal places."""
        return amounts.amount(money, ascii_only=self.ascii_only)

    def short_money(self, money: Money) -> str:
        """Return an amount, without decimals that are zero."""
        return amounts.rounded(money, ascii_only=self.ascii_only)

    def time(self, instant: datetime) -> str:
        """Return what the clock shows, with the offset in an hour that comes twice that day."""
        local = instant.astimezone(self.tz)
        other = local.replace(fold=1 - local.fold).utcoffset()
        twice = other != local.utcoffset()  # an instant never lies in the hour that is skipped
        return f"{local:%H:%M}" + (f" (UTC{local:%z})" if twice else "")

    def span(self, start: datetime, end: datetime) -> str:
        """Return ``10:00–10:45``."""
        return f"{self.time(start)}{self.glyphs.dash}{self.time(end)}"

    def day(self, day: date) -> str:
        """Return ``Sun 22 Nov``; who calls adds the year where it is not clear."""
        return f"{_WEEKDAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]}"

    def state(self, status: str) -> str:
        """Return a booking state as glyph and word."""
        return f"{self.glyphs.state(status)} {word(status)}"

    def joined(self, *parts: str) -> str:
        """Return the parts that are not empty with a dot between them."""
        return f" {self.glyphs.divider} ".join(part for part in parts if part)

    def also(self, *parts: str) -> str:
        """Return the parts that are not empty, each after a dot."""
        return "".join(f" {self.glyphs.divider} {part}" for part in parts if part)

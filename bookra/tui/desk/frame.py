"""What every screen asks of the desk: whose it is, what changes elsewhere, taking things back."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from bookra.tui.desk.done import Done, Undo

ROLES = ("front-desk", "manager", "owner", "platform")
"""What an operator may be, the least first."""


@dataclass(frozen=True, slots=True)
class Brand:
    """A tenant's face. ``primary`` and ``accent`` are CSS colours; the second may be missing.

    ``role`` is the operator's, ``slug`` the tenant's name in commands.
    """

    name: str
    logo_text: str
    primary: str
    accent: str | None
    zone: str
    currency: str
    light: bool = False
    slug: str = ""
    role: str = "owner"

    def may(self, role: str) -> bool:
        """Tell whether the operator is at least a ``role``."""
        return ROLES.index(self.role) >= ROLES.index(role)


class Changes(Protocol):
    """A wire on which the tenant's changes are announced. Waiting blocks, for one thread."""

    def wait(self, seconds: float) -> tuple[str, ...]:
        """Return what changed (``booking:<id>``) within some seconds, nothing if nothing did.

        Raises UnavailableError when the wire is lost.
        """
        ...

    def end(self) -> None:
        """Cut the wire, from another thread, so that a waiting one goes on at once."""
        ...


class FrameDesk(Protocol):
    """One tenant's counter, as seen by the operator who is logged in."""

    def brand(self) -> Brand:
        """Return how the tenant looks, the zone and currency it works in, and who asks."""
        ...

    def changes(self) -> AbstractContextManager[Changes]:
        """Listen for changes made anywhere; raises UnavailableError where that can't be had."""
        ...

    def undo(self, undo: Undo) -> Done:
        """Take back what was done; raises ConflictError where it can't be any more."""
        ...

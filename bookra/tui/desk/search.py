"""What the search asks of the desk: clients, visits and services that match a few letters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class SearchDesk(Protocol):
    """One question, and where a code leads."""

    def search(self, text: str) -> list[Found]:
        """Return the best matches: clients, then visits, then services; none for no text."""
        ...

    def place_of(self, code: str) -> Place:
        """Return where a booking is on the day; raises NotFoundError (``unknown_booking``)."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """Something that was found. ``kind`` is ``client``, ``booking`` or ``service``.

    ``target`` is what `BookraApp.open_found` takes. ``at`` is a visit's start or a service's next
    free time, ``status`` a visit's, ``detail`` a phone, an e-mail, or a service and a person.
    """

    kind: str
    target: str
    title: str
    detail: str
    at: datetime | None = None
    status: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A place on the grid: a person (a slug) and an instant."""

    staff: str
    at: datetime

"""What the screen of the clients asks of the desk: who they are, and what is known of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from bookra.money import Money
from bookra.tui.desk.booking import CustomerChoice
from bookra.tui.desk.done import Done

REMINDERS, EVERYTHING = "reminders", "everything"
"""What a client may want no messages of."""


class ClientsDesk(Protocol):
    """Questions and verbs of the screen of the clients."""

    def clients(self, text: str) -> list[CustomerChoice]:
        """Return who matches by name, phone or e-mail, by name; everybody (at most
        ``MOST_CLIENTS``) for no text. Accents and the order of words don't matter.
        """
        ...

    def client(self, client_id: str) -> ClientCard:
        """Return all that is known of a client; raises NotFoundError."""
        ...

    def add_client(self, draft: ClientDraft) -> Done:
        """Add a client; ``code`` is the id.

        Raises InvalidInputError for what can't be, ConflictError (``customer_exists``) where phone
        or e-mail is somebody else's.
        """
        ...

    def change_client(self, client_id: str, draft: ClientDraft) -> Done:
        """Write all of a draft over what is known; raises as ``add_client`` does."""
        ...

    def opt_out(self, client_id: str, of: str) -> Done:
        """Send a client no ``reminders``, no message at all (``everything``), or all again."""
        ...


MOST_CLIENTS = 300
"""How many clients are listed at once; a few letters find the others."""


@dataclass(frozen=True, slots=True)
class ClientDraft:
    """What a form says of a client; all but the name may be empty."""

    name: str
    phone: str = ""
    email: str = ""
    language: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True)
class ClientVisit:
    """One visit of a client, with the names of what it was and of who worked."""

    code: str
    status: str
    starts_at: datetime
    ends_at: datetime
    services: str
    staff: str


@dataclass(frozen=True, slots=True)
class ClientCard:
    """All that is known of a client.

    ``opted_out_of`` is ``reminders``, ``everything`` or empty. ``holds`` says in words what they
    could pay with or have paid for: saved cards, gift cards, packages, memberships. ``visits``
    begin with the one farthest ahead.
    """

    id: str
    name: str
    phone: str
    email: str
    language: str
    notes: str
    opted_out_of: str
    times: int
    no_shows: int
    cancelled: int
    spent: Money
    holds: tuple[Holding, ...]
    visits: tuple[ClientVisit, ...]


@dataclass(frozen=True, slots=True)
class Holding:
    """Something that a client can pay with, or has: a ``card``, ``gift``, ``package``, ``member``.

    ``worth`` is None where it is no sum of money, ``until`` where it does not end.
    """

    kind: str
    said: str
    worth: Money | None = None
    until: date | None = None

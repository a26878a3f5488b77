"""One attempt: what a ticket asks for, through the engine's verbs or straight into the tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.exc import DBAPIError

from bookra.clock import from_epoch
from bookra.engine import refusals
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.bookings.moving import move, swap
from bookra.engine.proofs.tortures.tickets import Ticket
from bookra.engine.runtime import Engine, Tx
from bookra.errors import BookraError, ConflictError
from bookra.ids import new_id

WON, CONFLICT, ERROR = "won", "conflict", "error"

CONTENDED = "contended"
"""A deadlock that three retries did not end: documented, and nothing was written."""

# What a careless program would do: no look, no lock, no constraint named. Two of them at one
# moment each wait for the other.
BARE_SPAN = text(
    """
    INSERT INTO allocations (tenant_id, id, bookable_id, starts_at, ends_at, kind)
    VALUES (:tenant_id, :id,
            (SELECT id FROM bookables WHERE tenant_id = :tenant_id AND slug = :staff),
            :start, :until, 'block')
    """
)
NAMED_SPAN = text(f"{BARE_SPAN.text} ON CONFLICT ON CONSTRAINT allocations_no_overlap DO NOTHING")
BARE_SEAT = text(
    """
    INSERT INTO seats (tenant_id, id, session_id, seat_no, capacity, booking_id, booking_line_id)
    VALUES (:tenant_id, :id, :session_id, :seat_no, :capacity,
            (SELECT id FROM bookings WHERE tenant_id = :tenant_id AND code = :code),
            (SELECT l.id FROM booking_lines l
               JOIN bookings b ON b.tenant_id = l.tenant_id AND b.id = l.booking_id
              WHERE l.tenant_id = :tenant_id AND b.code = :code))
    """
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended: won, a documented conflict by its code, or an error by its name."""

    verdict: str
    word: str


def attempt(engine: Engine, tenant: str, ticket: Ticket) -> Outcome:
    """Try what a ticket asks for, in a transaction of its own. Raises nothing.

    Whatever is not a documented refusal is an error, whoever's fault it is.
    """
    verb = WAYS[ticket.way]
    try:
        engine.act(tenant, lambda tx: verb(tx, ticket), command="torture")
    except ConflictError as error:
        return Outcome(CONFLICT, error.code)
    except BookraError as error:
        return Outcome(CONFLICT if error.code == CONTENDED else ERROR, error.code)
    except DBAPIError as error:
        return _refused(error)
    except Exception as error:  # noqa: BLE001 - a bug must be counted, not end its writer
        return Outcome(ERROR, type(error).__name__)
    return Outcome(WON, WON)


def _refused(error: DBAPIError) -> Outcome:
    """Return the outcome of what the database refuses without a word of ours for it.

    A seat that is sold is what its key is for; only a bare insert meets it so.
    """
    constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or ""
    if constraint.startswith("seats_key"):
        return Outcome(CONFLICT, "seat_taken")
    return Outcome(ERROR, refusals.sqlstate(error) or type(error).__name__)


def _book(tx: Tx, ticket: Ticket) -> None:
    at, customer = from_epoch(ticket.at), UUID(ticket.customer)
    book(tx, BookingRequest(ticket.service, ticket.staff, at, customer, seats=ticket.seats))


def _move(tx: Tx, ticket: Ticket) -> None:
    move(tx, ticket.code, from_epoch(ticket.at), staff=ticket.staff)


def _swap(tx: Tx, ticket: Ticket) -> None:
    swap(tx, ticket.code, ticket.other)


def _bare_span(tx: Tx, ticket: Ticket) -> None:
    _insert_span(tx, BARE_SPAN, ticket)


def _named_span(tx: Tx, ticket: Ticket) -> None:
    if not _insert_span(tx, NAMED_SPAN, ticket):
        raise ConflictError("slot_taken", "Somebody else has that time")


def _insert_span(tx: Tx, statement: TextClause, ticket: Ticket) -> int:
    start, until = from_epoch(ticket.at), from_epoch(ticket.until)
    return tx.run(statement, id=new_id(), staff=ticket.staff, start=start, until=until)


def _bare_seat(tx: Tx, ticket: Ticket) -> None:
    tx.run(
        BARE_SEAT,
        id=new_id(),
        session_id=UUID(ticket.session),
        seat_no=ticket.seat,
        capacity=ticket.capacity,
        code=ticket.code,
    )


WAYS: dict[str, Callable[[Tx, Ticket], None]] = {
    "book": _book,
    "move": _move,
    "swap": _swap,
    "bare span": _bare_span,
    "named span": _named_span,
    "bare seat": _bare_seat,
}

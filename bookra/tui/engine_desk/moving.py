"""Moving over the engine: where visits fit, moves, swaps, and who walks in."""

from __future__ import annotations

from datetime import datetime

from bookra.engine.bookings import fitting, moving, store, walking_in
from bookra.engine.catalog.actions import services
from bookra.engine.people.customers import add_customer
from bookra.engine.runtime import Tx
from bookra.errors import ConflictError, InvalidInputError
from bookra.tui.desk import Done, NewCustomer, Undo
from bookra.tui.desk.moving import Fit, Hindrance, MenuService, Opening, Seat
from bookra.tui.engine_desk.counter import Counter, local, words


class EngineMoving(Counter):
    """Where visits could go, and putting them there."""

    def fit(self, seat: Seat, staff: str, at: datetime) -> Fit:
        """Return whether a line may go there, by the rules that the move keeps."""

        def question(tx: Tx) -> Fit:
            found = fitting.fit_at(tx, seat.code, _line(tx, seat), staff, at)
            return Fit(
                found.ends_at,
                tuple(
                    Hindrance(reason.rule, reason.message, reason.opens_if, reason.booking or "")
                    for reason in found.reasons
                ),
            )

        return self._ask(question)

    def next_fit(self, seat: Seat, staff: str, after: datetime) -> datetime | None:
        """Return the first time at which a person could have it."""
        return self._ask(lambda tx: fitting.next_fit(tx, seat.code, _line(tx, seat), staff, after))

    def move(self, seat: Seat, staff: str, at: datetime) -> Done:
        """Move a line; taking it back puts it where it was."""

        def action(tx: Tx) -> Done:
            line = _line(tx, seat)
            moving.move(tx, seat.code, at, staff=staff, line=line)
            to = ("--at", local(tx, at), "--staff", staff, "--line", line)
            back = (seat.code, str(line), seat.staff, seat.starts_at.isoformat())
            undo = Undo("unmove", back, "The booking is where it was")
            return Done(seat.code, words("booking", "move", seat.code, *to), undo)

        return self._act("move", action)

    def swap_hindrance(self, code: str, other: str) -> str:
        """Try the swap and take it back at once: what refuses it is what would refuse it."""
        try:
            self._engine.act(
                self._tenant,
                lambda tx: moving.swap(tx, code, other),
                command="tui swap",
                dry_run=True,
            )
        except (ConflictError, InvalidInputError) as error:
            return error.message
        return ""

    def swap(self, code: str, other: str) -> Done:
        """Exchange two bookings' times and people; the same again takes it back."""
        undo = Undo("unswap", (code, other), "Both bookings are where they were")
        done = Done(code, words("booking", "swap", code, other), undo)
        return self._do("swap", lambda tx: moving.swap(tx, code, other), done)

    def menu(self) -> list[MenuService]:
        """Return every service that is no class."""
        found = self._ask(services)
        listed = [MenuService(s.slug, s.name, s.category) for s in found if s.capacity is None]
        return sorted(listed, key=lambda one: one.name.casefold())

    def openings(self, services: tuple[str, ...]) -> dict[str, Opening | None]:
        """Return who is free first today for each service."""
        return self._ask(lambda tx: {slug: _opening(tx, slug) for slug in services})

    def walk_in(self, service: str, customer: NewCustomer | None) -> Done:
        """Book who walked in, and note that they are here."""

        def action(tx: Tx) -> Done:
            found = None
            if customer is not None:
                found, _ = add_customer(
                    tx,
                    customer.name,
                    phone=customer.phone or None,
                    email=customer.email or None,
                )
            booked = walking_in.walk_in(tx, service, found.id if found else None)
            line, by = booked.lines[0], str(booked.customer_id)
            who = ("--staff", line.staff, "--customer", by)
            command = words("book", service, *who, "--at", local(tx, booked.starts_at))
            undo = Undo("unbook", (booked.code,), "The walk-in is taken back")
            return Done(booked.code, command, undo)

        return self._act("walk-in", action)


def _line(tx: Tx, seat: Seat) -> int:
    """Return the position of the line that the day showed there."""
    booking = store.booking_by_code(tx, seat.code)
    return fitting.position_of(booking, seat.staff, seat.starts_at)


def _opening(tx: Tx, service: str) -> Opening | None:
    try:
        found = walking_in.first_opening(tx, service)
    except ConflictError:
        return None  # nobody performs it
    if found is None:
        return None
    return Opening(found.staff_name, found.starts_at, found.ends_at, found.price)

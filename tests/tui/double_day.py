"""The verbs on the grid, in memory: moves, swaps, walk-ins, time off and mending the day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import double_base
from demo_day import MENU, NOW, TODAY, TZ
from double_base import Double

from bookra.engine.bookings.day import DayBlock
from bookra.errors import ConflictError
from bookra.money import Money
from bookra.tui.desk import Done, NewCustomer, Undo
from bookra.tui.desk.absences import Absent, Affected, Displaced, Proposal, TakenOff
from bookra.tui.desk.moving import Fit, Hindrance, MenuService, Opening, Seat

STEP = timedelta(minutes=5)


double_base.WRITES |= {
    "move",
    "swap",
    "walk_in",
    "no_show",
    "complete",
    "take_off",
    "take_on",
    "accept",
}


class DayDouble(Double):
    """Does to the blocks what the verbs on the grid ask for."""

    def fit(self, seat: Seat, staff: str, at: datetime) -> Fit:
        self._asked("fit", seat.code, staff, at)
        block = self._block(seat.code)
        ends = at + (block.ends_at - block.starts_at)
        return Fit(ends, tuple(self._hindrances(block, staff, at, ends)))

    def _hindrances(
        self, block: DayBlock, staff: str, at: datetime, ends: datetime
    ) -> list[Hindrance]:
        column = next(one for one in self.columns if one.slug == staff)
        day = timedelta(days=round((at - column.shifts[0][0]).total_seconds() / 86_400))
        if not any(start + day <= at and ends <= end + day for start, end in column.shifts):
            said = f"{column.name} is not at work then"
            return [Hindrance("outside_shift", said, "hours that cover it")]
        return [
            Hindrance("busy", f"{column.name} is busy", "moving what is there", other.code)
            for other in self.blocks.values()
            if other.code != block.code
            and other.staff == staff
            and other.status not in ("displaced", "no_show")
            and other.starts_at < ends
            and at < other.ends_at
        ]

    def next_fit(self, seat: Seat, staff: str, after: datetime) -> datetime | None:
        self._asked("next_fit", seat.code, staff, after)
        block = self._block(seat.code)
        length = block.ends_at - block.starts_at
        tries = (after + STEP * n for n in range(1, 3 * 288))
        return next(
            (at for at in tries if not self._hindrances(block, staff, at, at + length)), None
        )

    def move(self, seat: Seat, staff: str, at: datetime) -> Done:
        self._asked("move", seat.code, staff, at)
        self._refuse_write()
        block = self._block(seat.code)
        status = "confirmed" if block.status == "displaced" else block.status
        ends = at + (block.ends_at - block.starts_at)
        self.blocks[seat.code] = replace(
            block, staff=staff, starts_at=at, ends_at=ends, status=status, gaps=()
        )
        undo = Undo("unmove", (seat.code, "1", seat.staff, seat.starts_at.isoformat()), "Put back")
        return Done(seat.code, f"bookra booking move {seat.code}", undo)

    def swap_hindrance(self, code: str, other: str) -> str:
        self._asked("swap_hindrance", code, other)
        kept = self._block(other).status in ("completed", "no_show", "in_service")
        return f"{other} is over and can't be moved" if kept else ""

    def swap(self, code: str, other: str) -> Done:
        self._asked("swap", code, other)
        self._refuse_write()
        left, right = self._block(code), self._block(other)
        for block, there in ((left, right), (right, left)):
            ends = there.starts_at + (block.ends_at - block.starts_at)
            self.blocks[block.code] = replace(
                block, staff=there.staff, starts_at=there.starts_at, ends_at=ends
            )
        undo = Undo("unswap", (code, other), "Both are where they were")
        return Done(code, f"bookra booking swap {code} {other}", undo)

    def menu(self) -> list[MenuService]:
        self._asked("menu")
        return [MenuService(_slug(name), name, kind) for name, kind, _, _ in sorted(MENU)]

    def openings(self, services: tuple[str, ...]) -> dict[str, Opening | None]:
        self._asked("openings", services)
        return {slug: self._opening(slug) for slug in services}

    def _opening(self, slug: str) -> Opening | None:
        minutes, price = next((m, p) for name, _, m, p in MENU if _slug(name) == slug)
        start, length = NOW + timedelta(minutes=3), timedelta(minutes=minutes)
        noor = next(one for one in self.columns if one.slug == "noor")
        return Opening(noor.name, start, start + length, Money(price, "GBP"))

    def walk_in(self, service: str, customer: NewCustomer | None) -> Done:
        self._asked("walk_in", service, customer)
        self._refuse_write()
        found = self._opening(service)
        assert found is not None
        name, kind, _, _ = next(one for one in MENU if _slug(one[0]) == service)
        code = f"LUN-W{len(self.blocks):03d}"
        who = customer.name if customer else "Walk-in"
        self.blocks[code] = DayBlock(
            code, "noor", who, name, kind, "checked_in", found.starts_at, found.ends_at, (),
            found.price, found.price,
        )  # fmt: skip
        return Done(code, f"bookra book {service}", Undo("unbook", (code,), "Taken back"))

    def no_show(self, code: str) -> Done:
        self._asked("no_show", code)
        self._refuse_write()
        day = self._block(code).starts_at.astimezone(TZ)
        if day.date() > TODAY:
            raise ConflictError("not_its_day", f"{code} is on {day:%a %d %b}", hint="Cancel it")
        self.blocks[code] = replace(self._block(code), status="no_show")
        undo = Undo("undo-no-show", (code,), "The visit stands again")
        return Done(code, f"bookra booking no-show {code}", undo)

    def complete(self, code: str) -> Done:
        self._asked("complete", code)
        self._refuse_write()
        self.blocks[code] = replace(self._block(code), status="completed")
        return Done(code, f"bookra booking complete {code}")

    def in_the_way(self, staff: str, start: datetime, until: datetime) -> list[Affected]:
        self._asked("in_the_way", staff, start, until)
        return [
            Affected(one.code, one.customer, one.service, one.starts_at, one.status)
            for one in self._met(staff, start, until)
        ]

    def _met(self, staff: str, start: datetime, until: datetime) -> list[DayBlock]:
        return [
            block
            for block in self.blocks.values()
            if block.staff == staff
            and block.status in ("confirmed", "checked_in")
            and block.starts_at < until
            and start < block.ends_at
        ]

    def take_off(self, staff: str, start: datetime, until: datetime, reason: str) -> TakenOff:
        self._asked("take_off", staff, start, until, reason)
        self._refuse_write()
        met = self._met(staff, start, until)
        for block in met:
            self.blocks[block.code] = replace(block, status="displaced")
        undo = Undo("take-on", ("a1", *(block.code for block in met)), "The time off is taken back")
        done = Done(staff, f"bookra time-off add {staff}", undo)
        return TakenOff(done, tuple(block.code for block in met))

    def absent(self, staff: str, at: datetime | None = None) -> list[Absent]:
        self._asked("absent", staff, at)
        return [Absent("a1", "time-off", NOW, NOW + 8 * STEP, "Dentist", ())]

    def take_on(self, absence: str, kind: str) -> Done:
        self._asked("take_on", absence, kind)
        self._refuse_write()
        return Done("mia", f"bookra {kind} remove {absence}")

    def displaced(self, day: date | None = None) -> list[Displaced]:
        self._asked("displaced", day)
        waiting = [block for block in self.blocks.values() if block.status == "displaced"]
        return [
            Displaced(
                one.code, one.customer, one.service, one.staff, one.staff.capitalize(),
                one.starts_at, one.ends_at, "sick", tuple(self._proposals(one)),
            )
            for one in sorted(waiting, key=lambda block: block.starts_at)
        ]  # fmt: skip

    def _proposals(self, block: DayBlock) -> list[Proposal]:
        length = block.ends_at - block.starts_at
        free = (
            one
            for one in self.columns
            if one.slug != block.staff
            and not self._hindrances(block, one.slug, block.starts_at, block.starts_at + length)
        )
        return [
            Proposal(number, one.name, block.starts_at, "other_staff")
            for number, one in enumerate(free, 1)
        ]

    def accept(self, code: str, number: int | None = None) -> Done:
        self._asked("accept", code, number)
        self._refuse_write()
        block = self._block(code)
        found = [one for one in self._proposals(block) if number in (None, one.number)]
        if not found:
            raise ConflictError("no_proposal", f"Nothing is free for {code}")
        staff = found[0].staff_name.lower()
        self.blocks[code] = replace(block, staff=staff, status="confirmed")
        return Done(code, f"bookra displaced resolve {code} --choose {number}")

    def take_back(self, undo: Undo) -> bool:
        """Take back a verb on the grid; False for one that is none."""
        code = undo.arguments[0]
        if undo.verb == "unmove":
            _, _, staff, at = undo.arguments
            block, start = self._block(code), datetime.fromisoformat(at)
            ends = start + (block.ends_at - block.starts_at)
            self.blocks[code] = replace(block, staff=staff, starts_at=start, ends_at=ends)
        elif undo.verb == "unswap":
            self.swap(code, undo.arguments[1])
        elif undo.verb in ("undo-check-in", "undo-no-show"):
            self.blocks[code] = replace(self._block(code), status="confirmed")
        elif undo.verb == "renote":
            self.blocks[code] = replace(self._block(code), note=undo.arguments[1])
        elif undo.verb == "take-on":
            for one in undo.arguments[1:]:
                self.blocks[one] = replace(self._block(one), status="confirmed")
        else:
            return False
        return True


def _slug(name: str) -> str:
    return name.lower().replace(" ", "-")

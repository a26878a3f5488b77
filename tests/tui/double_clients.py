"""Clients, the waitlist and the search at the double of the desk."""

from __future__ import annotations

import unicodedata
from dataclasses import asdict, replace
from datetime import datetime, timedelta

import double_base
from demo_day import CLIENTS, MENU, NOW, TODAY, at, gbp
from double_base import Double

from bookra.engine.bookings.day import Interval
from bookra.errors import ConflictError, InvalidInputError, NotFoundError
from bookra.tui.desk import CustomerChoice, Done, Undo
from bookra.tui.desk.booking import FreeTime
from bookra.tui.desk.clients import ClientCard, ClientDraft, ClientVisit, Holding
from bookra.tui.desk.search import Found, Place
from bookra.tui.desk.waitlist import Fitting, OfferMade, WishLine

double_base.WRITES.update(
    {"add_client", "change_client", "opt_out", "offer_time", "accept_offer", "drop_wish", "wish"}
)

TOMORROW = TODAY + timedelta(days=1)
HOLDS = (Holding("card", "visa 4242"), Holding("gift", "ends in K7QP", gbp(3000)))


def demo_wishes() -> list[WishLine]:
    """Return three who wait: one could have a time, one has an offer, one has to wait."""
    day = (at(9), at(18))
    free = FreeTime("mia", "Mia", at(14), at(14, 45))
    offer = OfferMade("LUN-OFFR", "Noor", at(15), NOW + timedelta(minutes=42))
    return [
        WishLine(
            "W-AAAA", "c3", "Dora Nagy", "+44 7700 900103", "Cut & finish", "Mia", (day,),
            NOW - timedelta(days=3), free=free,
        ),
        WishLine(
            "W-BBBB", "c5", "Fay Tanaka", "", "Dry cut", "", (day,), NOW - timedelta(hours=5),
            offer=offer,
        ),
        WishLine(
            "W-CCCC", "c8", "Imani Cole", "", "Balayage", "Theo",
            ((at(9, day=TOMORROW), at(12, day=TOMORROW)),), NOW - timedelta(minutes=12),
        ),
    ]  # fmt: skip


class ClientsDouble(Double):
    """Keeps clients and wishes in memory."""

    @property
    def _people(self) -> dict[str, ClientCard]:
        if "_cards" not in self.__dict__:
            self._cards = {f"c{n}": self._new_card(n, name) for n, name in enumerate(CLIENTS)}
        return self._cards

    def _new_card(self, number: int, name: str) -> ClientCard:
        known = self._customer(name)
        visits = tuple(
            ClientVisit(one.code, one.status, one.starts_at, one.ends_at, one.service, one.staff)
            for one in sorted(self.blocks.values(), key=lambda b: b.starts_at, reverse=True)
            if one.customer == name
        )
        return ClientCard(
            known.id, name, known.phone, known.email, "", "", "", known.visits, number % 3, 0,
            gbp(5200 * known.visits), HOLDS if number == 0 else (), visits,
        )  # fmt: skip

    def clients(self, text: str) -> list[CustomerChoice]:
        self._asked("clients", text)
        return [
            CustomerChoice(one.id, one.name, one.phone, one.email, one.times)
            for one in sorted(self._people.values(), key=lambda card: _plain(card.name))
            if _matches(text, f"{one.name} {one.phone} {one.email}")
        ]

    def client(self, client_id: str) -> ClientCard:
        self._asked("client", client_id)
        if client_id not in self._people:
            raise NotFoundError("unknown_customer", "There is no such client")
        return self._people[client_id]

    def add_client(self, draft: ClientDraft) -> Done:
        self._asked("add_client", draft)
        self._refuse_write()
        new = f"c{len(self._people)}"
        known = replace(self._new_card(len(self._people), ""), id=new, no_shows=0)
        self._people[new] = replace(known, **asdict(draft))
        return Done(new, f"bookra customer add --name '{draft.name}'")

    def change_client(self, client_id: str, draft: ClientDraft) -> Done:
        self._asked("change_client", client_id, draft)
        self._refuse_write()
        self._people[client_id] = replace(self._people[client_id], **asdict(draft))
        undo = Undo("rewrite_client", (client_id,), f"{draft.name} is as before")
        return Done(client_id, f"bookra customer set {client_id}", undo)

    def opt_out(self, client_id: str, of: str) -> Done:
        self._asked("opt_out", client_id, of)
        self._refuse_write()
        self._people[client_id] = replace(self._people[client_id], opted_out_of=of)
        return Done(client_id, f"bookra message stop {client_id} --of {of}")

    # The waitlist

    @property
    def _waiting(self) -> dict[str, WishLine]:
        if "_wishes" not in self.__dict__:
            self._wishes = {one.code: one for one in demo_wishes()}
        return self._wishes

    def wishes(self) -> list[WishLine]:
        self._asked("wishes")
        return list(self._waiting.values())

    def who_fits(self, staff: str, start: datetime, until: datetime) -> list[Fitting]:
        self._asked("who_fits", staff, start, until)
        return [
            Fitting(one, FreeTime(staff, staff.capitalize(), start, start + timedelta(minutes=45)))
            for one in self._waiting.values()
            if one.offer is None and one.windows[0][0] <= start < one.windows[0][1]
        ]

    def read_windows(self, text: str) -> list[Interval]:
        self._asked("read_windows", text)
        if text != "mon 9:00-12:00":
            raise InvalidInputError("bad_window", f"'{text}' is not a day")
        return [(at(9, day=TOMORROW), at(12, day=TOMORROW))]

    def offer_opening(self, code: str) -> Done:
        return self.offer_time(code, "mia", at(14))

    def offer_time(self, code: str, staff: str, at: datetime, *, sure: bool = False) -> Done:
        self._asked("offer_time", code, staff, at, sure)
        self._refuse_write()
        wish = self._waiting[code]
        if wish.offer is not None:
            raise ConflictError("illegal_state", f"{code} is offered, not waiting")
        if sure:
            del self._waiting[code]
        else:
            made = OfferMade("LUN-NEW", staff.capitalize(), at, NOW + timedelta(hours=1))
            self._waiting[code] = replace(wish, offer=made, free=None)
        return Done("LUN-NEW", f"bookra waitlist offer {code}")

    def accept_offer(self, code: str) -> Done:
        self._asked("accept_offer", code)
        self._refuse_write()
        del self._waiting[code]
        return Done(code, f"bookra waitlist accept {code}")

    def drop_wish(self, code: str) -> Done:
        self._asked("drop_wish", code)
        self._refuse_write()
        gone = self._waiting.pop(code)
        return Done(
            code,
            f"bookra waitlist withdraw {code}",
            Undo("rewish", (code,), f"{gone.client} waits"),
        )

    # The search

    def search(self, text: str) -> list[Found]:
        self._asked("search", text)
        people = [
            Found("client", f"client:{one.id}", one.name, one.phone)
            for one in self._people.values()
            if _matches(text, one.name)
        ][:4]
        visits = [
            Found("booking", one.code, one.customer, one.service, one.starts_at, one.status)
            for one in self.blocks.values()
            if _matches(text, f"{one.customer} {one.code}")
        ][:4]
        menu = [
            Found("service", f"service:{name}:mia@{at(15).isoformat()}", name, "with Mia", at(15))
            for name, *_ in MENU
            if _matches(text, name)
        ][:3]
        return [*people, *visits, *menu] if text else []

    def place_of(self, code: str) -> Place:
        self._asked("place_of", code)
        block = self._block(code)
        return Place(block.staff, block.starts_at)


def _plain(text: str) -> str:
    apart = unicodedata.normalize("NFD", text.casefold())
    return "".join(one for one in apart if unicodedata.category(one) != "Mn")


def _matches(typed: str, text: str) -> bool:
    words = _plain(text).split()
    return all(any(word.startswith(part) for word in words) for part in _plain(typed).split())

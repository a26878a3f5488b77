"""The screen of the clients over the engine: the list, a card with all that is known, changes."""

from __future__ import annotations

from uuid import UUID

from bookra.engine.bookings.clientele import Visit, standing_of, visits_of
from bookra.engine.messages.recipients import checked_language, speaks
from bookra.engine.messages.replies import start, stop
from bookra.engine.orders.gift_cards import gift_cards_of
from bookra.engine.orders.memberships import memberships_of
from bookra.engine.orders.model import Package
from bookra.engine.orders.packages import packages
from bookra.engine.payments.cards import cards_of
from bookra.engine.people import customers
from bookra.engine.people.customers import Customer
from bookra.engine.people.editing import Change, change_customer
from bookra.engine.runtime import Tx
from bookra.tui.desk import CustomerChoice, Done, Undo
from bookra.tui.desk.clients import (
    MOST_CLIENTS,
    ClientCard,
    ClientDraft,
    ClientVisit,
    Holding,
)
from bookra.tui.engine_desk.booking import choice
from bookra.tui.engine_desk.counter import Counter, words

LAST_LETTERS = 4
"""How many letters of a gift card's code are shown: the whole of it is as good as money."""


class EngineClients(Counter):
    """Questions and verbs of the screen of the clients, one transaction each."""

    def clients(self, text: str) -> list[CustomerChoice]:
        """Return who matches, by name; everybody for no text."""

        def question(tx: Tx) -> list[CustomerChoice]:
            return [choice(one) for one in customers.find_customers(tx, text, limit=MOST_CLIENTS)]

        return self._ask(question)

    def client(self, client_id: str) -> ClientCard:
        """Return all that is known of a client."""
        return self._ask(lambda tx: _card(tx, customers.customer_by_id(tx, UUID(client_id))))

    def add_client(self, draft: ClientDraft) -> Done:
        """Add a client with their note."""

        def action(tx: Tx) -> Done:
            spoken = checked_language(draft.language) if draft.language else ""
            added, _ = customers.add_customer(
                tx,
                draft.name,
                phone=draft.phone or None,
                email=draft.email or None,
                language=spoken,
            )
            if draft.notes:
                change_customer(tx, added.id, Change(notes=draft.notes))
            given = (("--phone", added.phone), ("--email", added.email), ("--language", spoken))
            options = [part for name, value in given if value for part in (name, value)]
            return Done(str(added.id), words("customer", "add", "--name", added.name, *options))

        return self._act("add client", action)

    def change_client(self, client_id: str, draft: ClientDraft) -> Done:
        """Write what differs; taking it back writes what was known."""
        return self._act("change client", lambda tx: changed(tx, client_id, draft))

    def opt_out(self, client_id: str, of: str) -> Done:
        """Stop or start messages; taking it back does what was so before."""
        return self._act("opt out", lambda tx: opted(tx, client_id, of))


def changed(tx: Tx, client_id: str, draft: ClientDraft) -> Done:
    """Write a draft over what is known of a client."""
    known = customers.customer_by_id(tx, UUID(client_id))
    change = Change(draft.name, draft.phone, draft.email, draft.notes)
    now = change_customer(tx, known.id, change)
    if draft.language != known.language:
        speaks(tx, known.id, draft.language)
    pairs = [
        ("--name", known.name, now.name),
        ("--phone", known.phone or "", now.phone or ""),
        ("--email", known.email or "", now.email or ""),
        ("--note", known.notes, now.notes),
    ]
    options = [part for name, old, new in pairs if old != new for part in (name, new)]
    command = words("customer", "set", client_id, *options)
    if not options and draft.language != known.language:
        command = words("message", "language", client_id, draft.language or "own")
    before = (known.name, known.phone or "", known.email or "", known.language, known.notes)
    undo = Undo("rewrite_client", (client_id, *before), f"{known.name} is as before")
    return Done(client_id, command, undo)


def rewritten(tx: Tx, client_id: str, *before: str) -> Done:
    """Take a change back: write the fields of the draft that was true before."""
    return changed(tx, client_id, ClientDraft(*before))


def opted(tx: Tx, client_id: str, of: str) -> Done:
    """Stop what a client no longer wants, or start everything again."""
    known = customers.customer_by_id(tx, UUID(client_id))
    if of:
        stop(tx, known.id, of)
        command = words("message", "stop", client_id, "--of", of)
    else:
        start(tx, known.id)
        command = words("message", "start", client_id)
    said = f"Messages to {known.name} are as before"
    return Done(client_id, command, Undo("opt_out", (client_id, known.opted_out_of or ""), said))


def _card(tx: Tx, known: Customer) -> ClientCard:
    standing = standing_of(tx, known.id)
    return ClientCard(
        id=str(known.id),
        name=known.name,
        phone=known.phone or "",
        email=known.email or "",
        language=known.language,
        notes=known.notes,
        opted_out_of=known.opted_out_of or "",
        times=standing.visits,
        no_shows=standing.no_shows,
        cancelled=standing.cancelled,
        spent=standing.spent,
        holds=tuple(_holdings(tx, known.id)),
        visits=tuple(_visit(one) for one in visits_of(tx, known.id)),
    )


def _visit(one: Visit) -> ClientVisit:
    return ClientVisit(
        one.code, one.status.value, one.starts_at, one.ends_at, one.services, one.staff
    )


def _holdings(tx: Tx, customer_id: UUID) -> list[Holding]:
    cards = [
        Holding("card", f"{card.brand} {card.last4}", until=card.expires_on)
        for card in cards_of(tx, customer_id)
        if card.expires_on is None or card.expires_on >= tx.now.date()
    ]
    gifts = [
        Holding("gift", f"ends in {card.code[-LAST_LETTERS:]}", card.balance, card.expires_on)
        for card in gift_cards_of(tx, customer_id)
    ]
    bought = [
        Holding("package", _left(one), until=one.expires_on)
        for one in packages(tx, customer_id=customer_id, state="active")
        if one.service is not None and one.membership is None
    ]
    member = [
        Holding("member", one.plan + ("" if one.state == "active" else f" ({one.state})"))
        for one in memberships_of(tx, customer_id)
    ]
    return [*cards, *gifts, *bought, *member]


def _left(one: Package) -> str:
    return f"{one.visits - one.used} of {one.visits} {one.service}"

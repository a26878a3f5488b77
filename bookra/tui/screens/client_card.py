"""A client in words: the card beside the list, and their visits as rows. Pure."""

from __future__ import annotations

from datetime import datetime

from textual.content import Content

from bookra.tui.describe import MUTED, labelled, line
from bookra.tui.desk import CustomerChoice
from bookra.tui.desk.clients import EVERYTHING, REMINDERS, ClientCard, ClientVisit, Holding
from bookra.tui.glyphs import DONE, word
from bookra.tui.look import Look
from bookra.tui.text import clean
from bookra.tui.widgets.listing import Column, Row

CLIENT_COLUMNS = (
    Column("Client"),
    Column("Phone", 16, least=44),
    Column("Visits", 6, right=True),
)
VISIT_COLUMNS = (
    Column("When", 17),
    Column("", 1),
    Column("Service", weight=3),
    Column("With", weight=2, least=52),
    Column("State", 16, least=64),
)
MESSAGES = {
    "": "all messages",
    REMINDERS: "no reminders",
    EVERYTHING: "no messages",
}
"""What a client wants to be sent, in words."""

_HELD = {"card": "Card", "gift": "Gift card", "package": "Package", "member": "Member"}
_MOST_HELD = 4


def client_row(one: CustomerChoice) -> Row:
    """Return a client in the list."""
    reach = one.phone or one.email
    return Row(one.id, (one.name, (reach, MUTED), str(one.visits) if one.visits else ""))


def visit_rows(look: Look, card: ClientCard, now: datetime) -> list[Row]:
    """Return the visits: what comes, the next one first, and then what was, the latest first."""
    coming = [one for one in reversed(card.visits) if not _over(one, now)]
    past = [one for one in card.visits if _over(one, now)]
    return [_visit_row(look, one, now) for one in (*coming, *past)]


def _over(one: ClientVisit, now: datetime) -> bool:
    return one.status in DONE or one.ends_at < now


def _visit_row(look: Look, one: ClientVisit, now: datetime) -> Row:
    local = one.starts_at.astimezone(look.tz)
    day = look.day(local.date())
    if local.year != now.astimezone(look.tz).year:
        day = f"{day.partition(' ')[2]} {local.year}"
    return Row(
        one.code,
        (
            f"{day} {look.time(one.starts_at)[:5]}",
            look.glyphs.state(one.status),
            one.services,
            one.staff,
            word(one.status),
        ),
        dim=_over(one, now),
    )


def card_lines(look: Look, card: ClientCard) -> list[Content]:
    """Return all that is known of a client but the visits, most needed first."""
    reach = look.joined(clean(card.phone), clean(card.email)) or "no phone, no e-mail"
    wanted = MESSAGES.get(card.opted_out_of, card.opted_out_of)
    tongue = clean(card.language) or "the house's language"
    muted = "$text-warning" if card.opted_out_of else MUTED
    missed = "bold $text-warning" if card.no_shows else ""
    return [
        line((clean(card.name), "bold")),
        line(reach),
        line((wanted, muted), (look.also(tongue), MUTED)),
        line(),
        labelled("Visits", (str(card.times), "bold"), (_cancelled(look, card), MUTED)),
        labelled("No-shows", (str(card.no_shows), missed)),
        labelled("Spent", (look.money(card.spent), "bold")),
        *(_held(look, one) for one in card.holds[:_MOST_HELD]),
        *([labelled("", f"and {rest} more")] if (rest := len(card.holds) - _MOST_HELD) > 0 else []),
        *_notes(card),
    ]


def _cancelled(look: Look, card: ClientCard) -> str:
    return look.also(f"{card.cancelled} cancelled") if card.cancelled else ""


def _held(look: Look, one: Holding) -> Content:
    worth = look.money(one.worth) if one.worth is not None else ""
    until = ""
    if one.until is not None:
        until = f"until {look.day(one.until)} {one.until.year}"
    said = look.joined(worth, clean(one.said), until)
    return labelled(_HELD.get(one.kind, one.kind), said)


def _notes(card: ClientCard) -> list[Content]:
    if not card.notes:
        return []
    written = [line((clean(text), "$text-accent")) for text in card.notes.split("\n")]
    return [line(), *written]

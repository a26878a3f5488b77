"""Calendars by their own logins: the manager's and the relay's rights suffice, and no others."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from factories import Salon
from sqlalchemy import text

from bookra.bootstrap import administration
from bookra.config import Settings
from bookra.engine.availability.calendars import feeds
from bookra.engine.availability.calendars.busy import BusyTime
from bookra.engine.availability.calendars.external import frame_of
from bookra.engine.availability.calendars.feeds import Changes, Feed
from bookra.engine.availability.calendars.places import forget, places, remember
from bookra.engine.bookings.calendars import connect_calendar, disconnect_calendar
from bookra.engine.database import open_pool
from bookra.engine.outbox import breakers
from bookra.engine.runtime import Tx, administrative_tx
from bookra.engine.tenancy.operators import add_operator
from bookra.engine.tenancy.providers import account
from bookra.errors import NotAllowedError
from bookra.ids import new_id

Result = TypeVar("Result")
Login = Callable[[str], AbstractContextManager[Salon]]

STORED = text("SELECT count(*) FROM external_busy WHERE tenant_id = :tenant_id")


@pytest.fixture
def connected(salon: Salon, tmp_path: Path) -> Salon:
    salon.connect_provider("google", tmp_path / "key")
    return salon


@pytest.fixture
def login(connected: Salon, tmp_path: Path) -> Login:
    """Opens the salon as a login of some role sees it."""

    @contextmanager
    def opened(role: str) -> Iterator[Salon]:
        name, password = f"some_{secrets.token_hex(4)}", secrets.token_urlsafe(12)
        settings = Settings(home=tmp_path, database_url=connected.database.admin_url)
        with administration(settings) as connection:
            tx = administrative_tx(connection, connected.tenant)
            add_operator(connection, tx, name, role, password)
        pool = open_pool(connected.database.seen_by(name, password).conninfo)
        yield replace(connected, pool=pool).at(connected.now)
        pool.dispose()

    return opened


def as_relay(action: Callable[[Tx], Result]) -> Callable[[Tx], Result]:
    """Return the action with the relay's rights and no others."""

    def limited(tx: Tx) -> Result:
        tx.connection.execute(text("SET LOCAL ROLE bookra_relay"))
        return action(tx)

    return limited


def read_of(salon: Salon, feed: Feed, *, before: str | None, token: str) -> int:
    """Keep a reading of one busy hour, with the relay's rights."""
    start = salon.now + timedelta(days=1)
    times = (BusyTime("dentist", start, start + timedelta(hours=1)),)
    touched = frozenset({"dentist"})
    whole = before is None
    read = Changes(times, touched, frozenset(), frozenset(), 0, whole, token)
    known = replace(feed, sync_token=before)
    return salon.act(as_relay(lambda tx: feeds.keep(tx, known, read, frame_of(tx, feed.staff))))


def test_a_manager_connects_a_calendar_and_leaves_it(connected: Salon, login: Login) -> None:
    with login("manager") as manager:
        feed = manager.act(lambda tx: connect_calendar(tx, "ana", "ana@luna.example"))
        assert read_of(connected, feed, before=None, token="1") == 1
        assert manager.act(lambda tx: disconnect_calendar(tx, "ana")).staff == "ana"
    assert connected.ask(lambda tx: tx.rows(STORED))[0][0] == 0


def test_the_front_desk_sees_calendars_and_connects_none(connected: Salon, login: Login) -> None:
    connected.act(lambda tx: connect_calendar(tx, "ana", "ana@luna.example"))
    with login("front-desk") as desk:
        assert [feed.staff for feed in desk.ask(feeds.feeds)] == ["ana"]
        with pytest.raises(NotAllowedError):
            desk.act(lambda tx: connect_calendar(tx, "ben", "ben@luna.example"))


def test_the_relays_rights_read_note_and_give_up(connected: Salon) -> None:
    feed = connected.act(lambda tx: connect_calendar(tx, "ana", "ana@luna.example"))
    due = connected.act(
        as_relay(lambda tx: feeds.due_feeds(tx, every_seconds=60, rarest_seconds=600))
    )
    assert due == [feed]
    assert read_of(connected, feed, before=None, token="1") == 1
    assert read_of(connected, feed, before="1", token="2") == 0  # it was known
    assert read_of(connected, feed, before="1", token="3") == 0  # and this one was overtaken
    connected.act(as_relay(lambda tx: feeds.failed(tx, feed, "google 404 notFound")))
    (after,) = connected.ask(feeds.feeds)
    assert (after.sync_token, after.failure) == ("2", "google 404 notFound")


def test_the_relays_rights_note_where_an_event_may_be(connected: Salon) -> None:
    event = new_id()

    def noted(tx: Tx) -> set[str]:
        remember(tx, event, "ana@luna.example")
        remember(tx, event, "ana@luna.example")
        remember(tx, event, "primary")
        forget(tx, event, "primary")
        return places(tx, [event])[event]

    assert connected.act(as_relay(noted)) == {"ana@luna.example"}


def test_the_relays_rights_say_that_access_was_refused(connected: Salon) -> None:
    connected.act(as_relay(lambda tx: breakers.failed(tx, "google", "account", "google 401")))
    known = connected.ask(lambda tx: account(tx, "google"))
    assert known is not None
    assert (known.state, known.state_why) == ("refused", "google 401")


def test_one_business_sees_nothing_of_anothers_calendars(connected: Salon, login: Login) -> None:
    connected.act(lambda tx: connect_calendar(tx, "ana", "ana@luna.example"))
    connected.act(lambda tx: remember(tx, new_id(), "ana@luna.example"))
    everything = text("SELECT count(*) FROM calendar_feeds")
    events = text("SELECT count(*) FROM calendar_events")

    def counted(tx: Tx) -> tuple[int, int]:
        tx.connection.execute(text("SET LOCAL app.tenant = '01a20719-0000-7000-8000-000000000000'"))
        return (
            int(tx.connection.execute(everything).scalar_one()),
            int(tx.connection.execute(events).scalar_one()),
        )

    with login("manager") as manager:
        assert manager.ask(counted) == (0, 0)

"""Stripe's webhooks at the receiver: what is kept, what is refused, and what is never lost."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from connected import Connected
from relay.webhook_sender import WEBHOOK_SECRET, Sender, receiving, seal
from sqlalchemy import create_engine

from bookra.engine.bookings.model import Status
from bookra.engine.runtime import Engine
from bookra.errors import UnavailableError
from bookra.relay.access import Clients
from bookra.relay.inbound import Inbound


@pytest.fixture
def sender(luna: Connected) -> Iterator[Sender]:
    """A provider, and a receiver that listens to it."""
    with receiving(luna) as sends:
        yield sends


def test_an_event_is_kept_before_it_is_acknowledged_and_its_business_is_called(
    sender: Sender,
) -> None:
    answer = sender.stripe(sender.event())
    assert (answer.status_code, answer.text) == (200, "kept")
    assert "server" not in answer.headers
    (kept,) = sender.inbox()
    assert (kept.event_ref, kept.kind, kept.object_ref, kept.via) == (
        "evt_1Q8xTest",
        "checkout.session.completed",
        "cs_test_1",
        "webhook",
    )
    assert kept.handled_at is None
    assert sender.poked.slugs == ["luna"]


def test_ten_at_once_are_all_acknowledged_and_one_is_kept(sender: Sender) -> None:
    event = sender.event()
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(sender.stripe, [event] * 10))
    assert [answer.status_code for answer in answers] == [200] * 10
    assert sorted(answer.text for answer in answers) == ["kept"] + ["known"] * 9
    assert len(sender.inbox()) == 1


def test_a_signature_of_another_hour_is_refused_and_nothing_is_stored(sender: Sender) -> None:
    """The provider's own library would take those of the future."""
    for ahead_seconds in (-3600, -360, 360, 3600):
        answer = sender.stripe(sender.event(), ahead_seconds=ahead_seconds)
        assert answer.status_code == 400, ahead_seconds
    assert sender.inbox() == []
    assert sender.poked.slugs == []
    for ahead_seconds in (-200, 200):  # a clock that is a little off is no forgery
        assert sender.stripe(sender.event(), ahead_seconds=ahead_seconds).status_code == 200


def test_another_secret_or_another_body_is_refused(sender: Sender) -> None:
    assert sender.stripe(sender.event(), secret="whsec_other").status_code == 400
    assert sender.stripe(sender.event(), header=f"t={int(time.time())},v1=00").status_code == 400
    good = sender.stripe(sender.event())
    assert good.status_code == 200
    changed = json.dumps(sender.event(id="evt_forged")).encode()
    replayed = good.request.headers["Stripe-Signature"]
    answer = sender.post("/stripe/luna", changed, {"Stripe-Signature": replayed})
    assert answer.status_code == 400
    assert [kept.event_ref for kept in sender.inbox()] == ["evt_1Q8xTest"]


def test_while_a_secret_is_replaced_both_are_good_and_then_the_new_one_alone(
    luna: Connected, sender: Sender
) -> None:
    assert sender.stripe(sender.event(id="evt_a"), secret="whsec_next").status_code == 400
    seal(luna, "stripe", webhook_secret=f"{WEBHOOK_SECRET}\nwhsec_next")
    time.sleep(1.1)  # secrets that do not fit are read again at most once a second
    assert sender.stripe(sender.event(id="evt_b"), secret="whsec_next").status_code == 200
    assert sender.stripe(sender.event(id="evt_c")).status_code == 200
    assert len(sender.inbox()) == 2


def test_a_signed_body_that_is_no_event_is_malformed(sender: Sender) -> None:
    bodies = [b"", b"not json", b"\xff\xfe", b"[]", b"null", b'"text"', b"{}", b'{"type": 7}']
    for body in (*bodies, b"[" * 100_000):
        answer = sender.stripe(body)
        assert (answer.status_code, answer.text) == (400, "malformed"), body[:20]
    assert sender.inbox() == []


def test_an_event_without_its_ids_is_malformed(sender: Sender) -> None:
    several: list[dict[str, Any]] = [
        {"id": None},
        {"id": "evt_\u0000"},
        {"id": "x" * 300},
        {"created": "now"},
        {"created": -1},
        {"created": 10**18},
        {"data": None},
        {"data": {"object": None}},
        {"data": {"object": {"id": 7}}},
        {"data": {"object": {}}},
    ]
    for changes in several:
        assert sender.stripe(sender.event(**changes)).status_code == 400, changes
    assert sender.inbox() == []


def test_what_is_signed_and_not_for_us_is_acknowledged_and_not_kept(sender: Sender) -> None:
    """An endpoint of a platform gets every account's events; saying no would bring them again."""
    several: list[dict[str, Any]] = [
        {"type": "v2.core.event", "data": {"thin": True}},
        {"account": "acct_of_another"},
        {"account": 7},
        {"livemode": True},
        {"livemode": None},
    ]
    for changes in several:
        answer = sender.stripe(sender.event(**changes))
        assert (answer.status_code, answer.text) == (200, "ignored"), changes
    assert sender.inbox() == []


def test_an_event_of_another_version_or_of_an_unknown_kind_is_kept_by_its_ids(
    luna: Connected, sender: Sender
) -> None:
    """What no release knows yet is set aside, and opened again by one that does."""
    old = sender.event(api_version="2019-05-16", request=None, unheard_of={"deep": [1]})
    new = sender.event("customer.discovered", id="evt_new", api_version="2031-01-01.fern")
    for event in (old, new):
        assert sender.stripe(event).text == "kept"
    luna.poll()
    outcomes = {kept.event_ref: kept.outcome for kept in sender.inbox()}
    assert outcomes["evt_new"] == "unknown kind"


def test_a_business_without_a_secret_receives_nothing(luna: Connected) -> None:
    with receiving(luna, sealed=False) as sends:
        assert sends.stripe(sends.event()).status_code == 404
        assert sends.stripe(sends.event(), secret="").status_code == 404
        assert sends.inbox() == []


def test_nothing_but_the_doors_answers(sender: Sender) -> None:
    body = json.dumps(sender.event()).encode()
    for path in ("/", "/stripe", "/stripe/", "/stripe/luna/x", "/stripe/Luna", "/metrics", "/%0a"):
        answer = sender.post(path, body, {})
        assert (answer.status_code, answer.text) == (404, "")
    assert sender.get("/stripe/luna").status_code == 404
    assert sender.stripe(sender.event(), tenant="nobody").status_code == 404


def test_a_body_without_end_is_cut_off(sender: Sender) -> None:
    answer = sender.stripe(b'{"type": "' + b"x" * 1_000_001)
    assert answer.status_code == 413
    assert sender.inbox() == []


def test_while_the_database_is_down_a_webhook_is_to_come_again(
    luna: Connected, sender: Sender
) -> None:
    nowhere = create_engine(
        "postgresql+psycopg://bookra@127.0.0.1:1/none", connect_args={"connect_timeout": 1}
    )
    with receiving(luna, Engine(nowhere)) as cut_off:
        for answer in (cut_off.stripe(cut_off.event()), cut_off.whatsapp({"entry": []})):
            assert answer.status_code == 503
            assert answer.headers["Retry-After"] == "30"
    assert sender.inbox() == []
    assert sender.stripe(sender.event()).status_code == 200


def test_an_event_that_could_not_be_committed_is_not_acknowledged(
    luna: Connected, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The secrets are known, and the database goes away before the event is kept."""
    assert sender.stripe(sender.event(livemode=True)).status_code == 200

    def gone(*_: object, **__: object) -> None:
        raise UnavailableError("database_unavailable", "The database does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(Engine, "act", gone)
        assert sender.stripe(sender.event()).status_code == 503
        assert sender.poked.slugs == []
    assert sender.stripe(sender.event()).text == "kept"


def test_in_every_order_and_twice_events_come_to_one_payment(luna: Connected) -> None:
    """Each is fetched again when it is handled: what an event says of its order is not believed."""
    clients = Clients(luna.salon.engine, luna.settings)
    inbound = Inbound(luna.salon.engine, clients)
    with receiving(luna, inbound=inbound) as sends:
        for number, order in enumerate(itertools.permutations(range(3))):
            booking = luna.book_with_link(number)
            luna.drain()
            before = {event["id"] for event in luna.stripe_list("events")}
            luna.pay(booking)
            told = [event for event in luna.stripe_list("events") if event["id"] not in before]
            for index in (*order, *order):
                event = {**told[index % len(told)], "account": luna.stripe.id}
                assert sends.stripe(event).status_code == 200
                luna.until(lambda: all(kept.handled_at for kept in sends.inbox()))
            assert luna.booking(booking).status is Status.CONFIRMED, order
            assert luna.booking(booking).due.minor == 0
    inbound.close()
    clients.close()
    luna.drain()
    assert luna.outside.show()["stripe"]["charges"] == 6
    assert luna.entries()["card_payment"] == 6
    luna.prove_the_money()

"""Each way in which a stand-in misbehaves on request, as its callers see it."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe

from bookra.errors import InvalidInputError
from bookra.sandbox import faults, open_google_calendar, open_whatsapp_sender, webhooks
from bookra.sandbox.buckets import Buckets
from bookra.sandbox.faults import Fault
from bookra.sandbox.google import GoogleApi
from bookra.sandbox.state import State
from bookra.sandbox.wire import Reply, Request

MESSAGE = {
    "messaging_product": "whatsapp",
    "to": "491701234567",
    "type": "template",
    "template": {"name": "hello", "language": {"code": "en"}},
}


def test_a_revoked_key_is_refused_by_each_provider_until_the_fault_is_off(
    sandbox: Any, salon: Any, http: httpx.Client
) -> None:
    for provider in ("stripe", "google", "whatsapp"):
        sandbox.control.fault(provider, "revoked")
    with pytest.raises(stripe.AuthenticationError):
        salon.v1.balance.retrieve(None, salon.me)
    google = open_google_calendar(sandbox.directory, name="Luna")
    bearer = {"Authorization": f"Bearer {google.token}"}
    events = f"{sandbox.url}/calendar/v3/calendars/primary/events"
    assert http.get(events, headers=bearer).status_code == 401
    grant = {"grant_type": "refresh_token", "refresh_token": google.refresh_token}
    refused = http.post(f"{sandbox.url}/token", data=grant)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    sender = open_whatsapp_sender(sandbox.directory, display_name="Luna")
    messages = f"{sandbox.url}/v23.0/{sender.phone_number_id}/messages"
    bearer_too = {"Authorization": f"Bearer {sender.token}"}
    assert http.post(messages, headers=bearer_too, json=MESSAGE).json()["error"]["code"] == 190
    for provider in ("stripe", "google", "whatsapp"):
        sandbox.control.fault(provider, off=True)
    assert salon.v1.balance.retrieve(None, salon.me).object == "balance"
    assert http.get(events, headers=bearer).status_code == 200
    assert http.post(messages, headers=bearer_too, json=MESSAGE).status_code == 200


def test_a_page_in_place_of_an_answer_comes_after_the_effect(sandbox: Any, salon: Any) -> None:
    sandbox.control.fault("stripe", "html")
    with pytest.raises(stripe.StripeError):
        salon.v1.customers.create({"name": "Mia"}, salon.keyed("k-html"))
    (made,) = salon.v1.customers.list({}, salon.me).data
    again = salon.v1.customers.create({"name": "Mia"}, salon.keyed("k-html"))
    assert again.id == made.id


def test_a_rate_limit_refuses_one_caller_and_says_how_long(
    sandbox: Any, salon: Any, salon_of: Callable[..., Any]
) -> None:
    other = salon_of(sandbox)
    sandbox.control.fault("stripe", "rate-limit", per_second=1)
    salon.v1.balance.retrieve(None, salon.me)
    with pytest.raises(stripe.RateLimitError) as refused:
        salon.v1.balance.retrieve(None, salon.me)
    assert refused.value.http_status == 429
    assert (refused.value.headers or {})["Retry-After"] == "1"
    assert other.v1.balance.retrieve(None, other.me).object == "balance"


def test_a_fault_may_hit_one_account_alone(
    sandbox: Any, salon: Any, salon_of: Callable[..., Any]
) -> None:
    other = salon_of(sandbox)
    sandbox.control.fault("stripe", "revoked", account=salon.account.id)
    with pytest.raises(stripe.AuthenticationError):
        salon.v1.balance.retrieve(None, salon.me)
    assert other.v1.balance.retrieve(None, other.me).object == "balance"


def test_a_bucket_is_filled_at_its_rate_and_never_holds_more_than_a_second() -> None:
    now = [0.0]
    buckets = Buckets(lambda: now[0])
    assert [buckets.take("a", 2) for _ in range(3)] == [0.0, 0.0, 0.5]
    assert buckets.take("b", 2) == 0.0
    now[0] = 0.5
    assert [buckets.take("a", 2) for _ in range(2)] == [0.0, 0.5]
    now[0] = 60.0
    assert [buckets.take("a", 2) for _ in range(3)] == [0.0, 0.0, 0.5]
    assert buckets.take("slow", 0.25) == 0.0
    assert buckets.take("slow", 0.25) == 4.0


@pytest.mark.parametrize(
    ("provider", "wished"),
    [
        ("google", Fault("webhook-drop")),
        ("stripe", Fault("rate-limit", count=3)),
        ("stripe", Fault("rate-limit", per_second=0.0)),
        ("stripe", Fault("500", per_second=2.0)),
        ("stripe", Fault("slow", seconds=3.0)),
        ("stripe", Fault("webhook-delay", seconds=-1.0)),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(state: State, provider: str, wished: Fault) -> None:
    with state.writing() as tx, pytest.raises(InvalidInputError) as refused:
        faults.plan(tx, provider, wished)
    assert refused.value.code == "bad_fault"


@pytest.fixture
def state(tmp_path: Path) -> Any:
    with closing(State(tmp_path)) as opened:
        yield opened


def dues(state: State, fault: Fault, count: int = 1) -> list[tuple[int, float]]:
    """Queue webhooks that suffer from ``fault``; return each delivery's body and due time."""
    with state.writing() as tx:
        webhooks.register(tx, "stripe", "http://127.0.0.1:9/hook", "whsec_x")
        faults.plan(tx, "stripe", fault)
        for number in range(count):
            webhooks.queue(tx, "stripe", {"n": number})
        rows = tx.execute(
            "SELECT json_extract(body, '$.n') AS n, due FROM deliveries ORDER BY due, sequence"
        )
        return [(row["n"], row["due"]) for row in rows]


def test_webhooks_are_lost_doubled_or_held_back_on_request(state: State) -> None:
    assert dues(state, Fault("webhook-drop", count=1)) == []
    assert [number for number, _ in dues(state, Fault("webhook-duplicate", count=1))] == [0, 0]
    before = min(due for _, due in dues(state, Fault("webhook-drop", count=1)))
    late = max(due for _, due in dues(state, Fault("webhook-delay", count=1, seconds=100)))
    assert late >= before + 100


def test_reordered_webhooks_go_out_together_the_newest_first(state: State) -> None:
    queued = dues(state, Fault("webhook-reorder", seconds=3600), count=3)
    assert [number for number, _ in queued] == [2, 1, 0]


def test_an_address_that_is_registered_again_gets_the_new_secret_once(state: State) -> None:
    with state.writing() as tx:
        first = webhooks.register(tx, "stripe", "http://127.0.0.1:9/hook", "whsec_old")
        assert webhooks.register(tx, "stripe", "http://127.0.0.1:9/hook", "whsec_new") == first
        webhooks.queue(tx, "stripe", {})
        (receiver,) = webhooks.receivers(tx)
        assert receiver["waiting"] == 1
        assert "secret" not in receiver
        webhooks.forget(tx, "stripe", None)
        assert webhooks.receivers(tx) == []


def test_a_state_file_of_an_earlier_release_is_taken_over(tmp_path: Path) -> None:
    with closing(State(tmp_path)) as old, old.writing() as tx:
        for column in ("per_second", "seconds", "account"):
            tx.execute(f"ALTER TABLE faults DROP COLUMN {column}")
    with closing(State(tmp_path)) as new, new.writing() as tx:
        faults.plan(tx, "stripe", Fault("rate-limit", per_second=3))
        assert faults.limit(tx, "stripe") == 3


def test_a_bug_of_the_stand_ins_is_told_without_what_was_asked(
    sandbox: Any,
    http: httpx.Client,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer = GoogleApi.answer

    def broken(self: GoogleApi, request: Request, fault: str | None) -> Reply:
        if fault is None:
            raise KeyError(request.body.decode())
        return answer(self, request, fault)

    monkeypatch.setattr(GoogleApi, "answer", broken)
    events = f"{sandbox.url}/calendar/v3/calendars/rosa@example.org/events"
    bearer = {"Authorization": "Bearer ya29.secret"}
    asked = http.post(events, headers=bearer, json={"summary": "Cut · Rosa Vega"})
    assert asked.status_code == 500
    said = capsys.readouterr()
    assert said.out == ""
    told = json.loads(said.err)
    assert (told["event"], told["provider"], told["error"]) == ("sandbox.bug", "google", "KeyError")
    assert any(place.endswith(" broken") for place in told["at"])
    assert not any(word in said.err for word in ("rosa", "Rosa", "ya29", "Bearer"))

"""An account at Stripe that is opened for a business: from the command to the first payment."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from front_desk import Desk
from moments import monday_at
from relay.served_sandbox import serving

CONNECT = ("tenant", "provider", "set", "stripe", "--sandbox", "--connect", "--json")
OWNER = ("--email", "owner@luna.example")
CHECK = ("tenant", "provider", "check", "stripe", "--json")
BOOK = ("book", "cut", "--staff", "ana", "--customer", "Rosa Vega", "--json", "--at")


@pytest.fixture
def served(desk: Desk) -> Iterator[Desk]:
    """A desk beside stand-ins that run; its salon is connected to none of them."""
    with serving(desk.shop.settings.sandbox_dir):
        yield desk


def accounts(desk: Desk) -> list[str]:
    """Return the accounts that the stand-in's Stripe has, the platform's own left out."""
    shown = desk("sandbox", "show", "--json", check=True).json
    return [account["id"] for account in shown["stripe"]["accounts"]]


def test_an_account_is_opened_onboarded_and_then_takes_payments(served: Desk) -> None:
    opened = served(*CONNECT, *OWNER, check=True).json
    assert opened["state"] == "pending"
    assert accounts(served) == [opened["config"]["account"]]
    refused = served(*BOOK, monday_at("10:00"), "--pay", "link")
    assert (refused.code, refused.error["code"]) == (4, "stripe_not_ready")
    waiting = served(*CHECK, check=True).json
    assert (waiting["state"], waiting["charges"]) == ("pending", False)
    assert "external_account" in waiting["due"]
    with httpx.Client(trust_env=False) as browser:
        assert "Fill in" in browser.get(opened["onboarding_url"]).text
        assert browser.post(opened["onboarding_url"]).status_code == 200
    assert served(*CHECK, check=True).json["state"] == "active"
    booked = served(*BOOK, monday_at("10:00"), "--pay", "link", check=True).json
    served("relay", "drain", check=True)
    served("sandbox", "pay", booked["code"], check=True)
    served("relay", "drain", check=True)
    shown = served("booking", "show", booked["code"], "--json", check=True).json
    assert shown["status"] == "confirmed"


def test_the_relay_notes_by_itself_that_an_account_may_take_payments_and_that_it_may_not(
    served: Desk,
) -> None:
    opened = served(*CONNECT, *OWNER, check=True).json
    served("sandbox", "stripe", "onboard", check=True)
    served("relay", "drain", check=True)
    assert listed(served) == ("active", "")
    served("sandbox", "stripe", "onboard", opened["config"]["account"], "--due", "tos", check=True)
    served("relay", "drain", check=True)
    assert listed(served) == ("restricted", "requirements.past_due due:tos")
    refused = served(*BOOK, monday_at("10:00"), "--pay", "link")
    assert (refused.code, refused.error["code"]) == (4, "stripe_not_ready")
    assert refused.error["details"]["why"] == "requirements.past_due due:tos"
    served(*BOOK, monday_at("10:00"), check=True)  # cash at the counter is as before


def listed(desk: Desk) -> tuple[str, str]:
    (found,) = desk("tenant", "provider", "list", "--json", check=True).json
    return found["state"], found["state_why"]


def test_asking_again_opens_no_second_account_and_brings_a_fresh_page(served: Desk) -> None:
    first = served(*CONNECT, *OWNER, check=True).json
    second = served(*CONNECT, *OWNER, check=True).json
    assert second["config"] == first["config"]
    assert second["onboarding_url"] != first["onboarding_url"]
    assert "onboarding_url" in served(*CHECK, "--link", check=True).json
    assert len(accounts(served)) == 1


@pytest.mark.parametrize("fault", ["drop-after", "500-after", "html"])
def test_an_account_whose_opening_was_not_answered_is_found_again(served: Desk, fault: str) -> None:
    served("sandbox", "fault", "stripe", fault, "--count", "1", check=True)
    lost = served(*CONNECT, *OWNER)
    assert (lost.code, lost.error["code"]) == (7, "stripe_unavailable")
    assert len(accounts(served)) == 1
    opened = served(*CONNECT, *OWNER, check=True).json
    assert accounts(served) == [opened["config"]["account"]]


def test_an_account_that_works_is_not_replaced(served: Desk) -> None:
    served("tenant", "provider", "set", "stripe", "--sandbox", check=True)
    refused = served(*CONNECT, *OWNER)
    assert (refused.code, refused.error["code"]) == (4, "already_connected")


def test_other_settings_do_not_end_an_onboarding(served: Desk) -> None:
    opened = served(*CONNECT, *OWNER, check=True).json
    words = ("tenant", "provider", "set", "stripe", "--sandbox", "--platform-fee-percent", "2")
    changed = served(*words, "--json", check=True).json
    assert changed["config"]["account"] == opened["config"]["account"]
    assert changed["state"] == "pending"


def test_what_is_missing_for_an_account_is_said(served: Desk) -> None:
    live = tuple(word for word in CONNECT if word != "--sandbox")
    for words in (CONNECT, live, (*live, *OWNER), (*CONNECT, *OWNER, "--account", "acct_1")):
        refused = served(*words)
        assert (refused.code, refused.error["code"]) == (2, "usage"), words


def test_stand_ins_that_do_not_run_open_no_account(desk: Desk) -> None:
    refused = desk(*CONNECT, *OWNER)
    assert (refused.code, refused.error["code"]) == (7, "sandbox_down")


def test_a_key_that_stripe_refuses_is_said_by_the_check(served: Desk) -> None:
    served(*CONNECT, *OWNER, check=True)
    served("sandbox", "fault", "stripe", "revoked", check=True)
    refused = served(*CHECK)
    assert (refused.code, refused.error["code"]) == (5, "stripe_refused")


def test_webhooks_of_the_stand_in_and_the_relay_agree_on_a_secret_that_is_not_shown(
    served: Desk,
) -> None:
    served("tenant", "provider", "set", "stripe", "--sandbox", check=True)
    words = ("sandbox", "webhooks", "stripe", "--relay", "127.0.0.1:8787", "--json")
    first = served(*words, check=True)
    (receiver,) = served(*words, check=True).json
    assert receiver["url"] == f"http://127.0.0.1:8787/stripe/{served.shop.salon.slug}"
    assert "whsec" not in first.stdout
    assert served("sandbox", "webhooks", "stripe", "--off", "--json", check=True).json == []
    for wrong in (("google", "--relay", "127.0.0.1:8787"), ("stripe", "http://127.0.0.1:1/x")):
        assert served("sandbox", "webhooks", *wrong).code != 0


def test_the_inbox_is_listed_shown_and_read_again(served: Desk) -> None:
    served("tenant", "provider", "set", "stripe", "--sandbox", check=True)
    booked = served(*BOOK, monday_at("10:00"), "--pay", "link", check=True).json
    served("relay", "drain", check=True)
    served("sandbox", "pay", booked["code"], check=True)
    served("relay", "drain", check=True)
    found = served("inbox", "list", "--state", "handled", "--json", check=True).json
    paid = next(one for one in found if one["kind"] == "checkout.session.completed")
    assert (paid["outcome"], paid["via"]) == ("confirmed", "poll")
    again = served("inbox", "retry", paid["event"], "--json", check=True).json
    assert (again["state"], again["outcome"]) == ("open", None)
    served("relay", "drain", check=True)
    shown = served("inbox", "show", paid["event"], "--json", check=True).json
    assert (shown["state"], shown["outcome"]) == ("handled", "known")
    assert served("inbox", "show", "evt_none").code == 3

"""Consent by a browser on this machine: PKCE, a state, and only what was asked for is kept."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from scripted_wire import Drop, Reply, scripted
from served_sandbox import serving
from test_providers_google import event_of

from bookra.errors import InvalidInputError, NotAllowedError, UnavailableError
from bookra.relay.outcome import ACCOUNT, Delivered, Retry
from bookra.relay.providers.google_calendar import CalendarClient, GoogleAccess
from bookra.relay.providers.google_consent import Consent, OAuthClient, read_client
from bookra.relay.providers.google_tokens import SCOPE
from bookra.sandbox import (
    SandboxClient,
    open_google_calendar,
    open_google_service_account,
    share_google_calendar,
)

CLIENT = OAuthClient("c.apps.googleusercontent.com", "GOCSPX-s")


def browse(address: str) -> httpx.Response:
    """Open an address and follow where it leads, as a browser does."""
    with httpx.Client(trust_env=False, follow_redirects=True) as http:
        return http.get(address)


def meanwhile(consent: Consent, *visits: Callable[[], httpx.Response]) -> tuple[str, list[int]]:
    """Wait for consent while a browser goes where it goes; returns it, and the pages' codes."""
    with ThreadPoolExecutor(1) as browser:
        pages = browser.submit(lambda: [visit().status_code for visit in visits])
        return consent.wait(10), pages.result()


def test_a_person_who_consents_gives_a_credential_that_writes_their_calendar(
    tmp_path: Path,
) -> None:
    with serving(tmp_path) as url, Consent(CLIENT, url) as consent:
        credential, pages = meanwhile(consent, lambda: browse(consent.address))
        assert pages == [200]
        assert json.loads(credential)["type"] == "authorized_user"
        with CalendarClient(GoogleAccess(credential, url)) as client:
            assert isinstance(client.upsert("primary", event_of("LUNA5555")), Delivered)


def test_consent_that_is_taken_back_is_the_accounts_trouble(tmp_path: Path) -> None:
    with serving(tmp_path) as url, Consent(CLIENT, url) as consent:
        credential, _ = meanwhile(consent, lambda: browse(consent.address))
        SandboxClient(url).fault("google", "revoked")
        with CalendarClient(GoogleAccess(credential, url)) as client:
            outcome = client.upsert("primary", event_of("LUNA6666"))
    assert isinstance(outcome, Retry)
    assert outcome.error_class == ACCOUNT


def back(consent: Consent, **answer: str) -> httpx.Response:
    """Come back to the program's port, with the right state unless another is given."""
    asked = httpx.URL(consent.address).params
    params = {"state": asked["state"], **answer}
    with httpx.Client(trust_env=False) as http:
        return http.get(asked["redirect_uri"], params=params)


def granted(scope: str = SCOPE, **more: str) -> Reply:
    return Reply(200, {"access_token": "ya29", "scope": scope, "expires_in": 3600, **more})


def test_the_question_asks_for_the_least_and_can_be_answered_here_alone() -> None:
    with Consent(CLIENT) as consent:
        asked = httpx.URL(consent.address)
    assert asked.host == "accounts.google.com"
    assert asked.params["scope"] == "https://www.googleapis.com/auth/calendar.events"
    assert asked.params["redirect_uri"].startswith("http://127.0.0.1:")
    assert asked.params["code_challenge_method"] == "S256"
    assert "GOCSPX" not in consent.address + repr(CLIENT)


def test_an_answer_with_another_state_is_a_strangers() -> None:
    with scripted(granted(refresh_token="1//r")) as google, Consent(CLIENT, google.url) as consent:
        credential, pages = meanwhile(
            consent,
            lambda: back(consent, state="guessed", code="theirs"),
            lambda: back(consent, state="", code="theirs"),
            lambda: back(consent, code="ours"),
        )
    assert pages == [400, 400, 200]
    assert json.loads(credential)["refresh_token"] == "1//r"
    assert google.seen[0].form["code"] == "ours"
    assert google.seen[0].form["code_verifier"]


def test_what_was_refused_is_told() -> None:
    with Consent(CLIENT) as consent, pytest.raises(NotAllowedError, match="access_denied"):
        meanwhile(consent, lambda: back(consent, error="access_denied"))


@pytest.mark.parametrize(
    ("reply", "error", "word"),
    [
        (granted("openid", refresh_token="1//r"), NotAllowedError, "left out"),
        (granted(), NotAllowedError, "left out"),
        (Reply(400, {"error": "invalid_grant"}), NotAllowedError, "invalid_grant"),
        (Reply(200, b"<html></html>"), UnavailableError, "did not come"),
        (Drop(), UnavailableError, "did not come"),
    ],
    ids=["another scope", "no refresh token", "refused", "no JSON", "no answer"],
)
def test_half_a_consent_is_none(reply: Reply, error: type[Exception], word: str) -> None:
    with scripted(reply) as google, Consent(CLIENT, google.url) as consent:
        with pytest.raises(error, match=word.replace(" ", "[ _]")):
            meanwhile(consent, lambda: back(consent, code="c"))
        assert len(google.seen) == 1  # a code is good for one exchange


def test_nobody_is_waited_for_without_end() -> None:
    with Consent(CLIENT) as consent, pytest.raises(UnavailableError, match="Nobody consented"):
        consent.wait(0.01)


def test_a_browser_that_says_nothing_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr("bookra.relay.providers.google_consent._Back.timeout", 0.05)
    with scripted(granted(refresh_token="1//r")) as google, Consent(CLIENT, google.url) as consent:
        port = httpx.URL(httpx.URL(consent.address).params["redirect_uri"]).port
        with socket.create_connection(("127.0.0.1", port or 0)):
            _, pages = meanwhile(consent, lambda: back(consent, code="ours"))
    assert pages == [200]


@pytest.mark.parametrize("text", ["", "[]", '{"web": {}}', '{"installed": {"client_id": "c"}}'])
def test_a_file_that_is_no_desktop_client_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="desktop"):
        read_client(text)


def test_a_service_account_opens_what_is_shared_with_it(tmp_path: Path) -> None:
    calendar = open_google_calendar(tmp_path, name="Luna")
    key = open_google_service_account(tmp_path)
    with serving(tmp_path) as url, CalendarClient(GoogleAccess(json.dumps(key), url)) as client:
        refused = client.upsert(calendar.id, event_of("LUNA7777"))
        share_google_calendar(tmp_path, calendar.id, with_owner=key["client_email"])
        assert isinstance(client.upsert(calendar.id, event_of("LUNA7777")), Delivered)
    assert "404" in getattr(refused, "why", "")


def test_a_service_account_acts_for_somebody_of_its_domain(tmp_path: Path) -> None:
    ana = open_google_calendar(tmp_path, name="Ana")
    key = open_google_service_account(tmp_path)
    acting = json.dumps({**key, "subject": ana.id})
    with serving(tmp_path) as url, CalendarClient(GoogleAccess(acting, url)) as client:
        refused = client.upsert("primary", event_of("LUNA8888"))
        assert isinstance(refused, Retry)
        assert refused.error_class == ACCOUNT
        share_google_calendar(tmp_path, ana.id, with_owner=key["client_email"])
        assert isinstance(client.upsert("primary", event_of("LUNA8888")), Delivered)


def test_threads_are_left_to_nobody() -> None:
    before = threading.active_count()
    with Consent(CLIENT):
        pass
    assert threading.active_count() == before

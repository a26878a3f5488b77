"""A person's consent that Bookra may use their calendar: OAuth for programs without a server.

The browser comes back to a port of this machine, with PKCE and a state that only this run knows
(RFC 8252, RFC 7636). What is kept is a refresh token, in the form that `google_tokens` opens.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from bookra.errors import InvalidInputError, NotAllowedError, UnavailableError
from bookra.relay.providers.google_tokens import SCOPE, TOKEN_URL
from bookra.relay.providers.wire import ANSWER_SECONDS, CONNECT_SECONDS, open_client, plain

CONSENT_URL = "https://accounts.google.com/o/oauth2/v2/auth"
WAIT_SECONDS = 300.0
"""How long a person may take to read what they consent to."""

LOOK_SECONDS = 0.1
AGAIN = "Run the command again, and let it see and edit events"
PAGE = "<!doctype html><title>Bookra</title><p>{}</p>"


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """The program as it is registered at Google; its secret is none, says Google, yet asked for."""

    client_id: str
    client_secret: str = field(repr=False)


def read_client(text: str) -> OAuthClient:
    """Read the JSON of a client of the kind "Desktop app"; raises InvalidInputError."""
    try:
        known = json.loads(text)["installed"]
        return OAuthClient(known["client_id"], known["client_secret"])
    except (ValueError, KeyError, TypeError):
        raise InvalidInputError(
            "bad_oauth_client",
            "This is not the file of an OAuth client for desktop programs",
            hint="Make one in Google Cloud: Credentials, OAuth client ID, Desktop app; download it",
        ) from None


class Consent:
    """One question to a person: show ``address``, then ``wait`` for the answer. Use in a ``with``.

    ``base_url`` is a stand-in's; None asks Google itself.
    """

    def __init__(self, client: OAuthClient, base_url: str | None = None) -> None:
        self._client = client
        self._token_url = f"{base_url}/token" if base_url else TOKEN_URL
        self._verifier = secrets.token_urlsafe(64)
        self._server = _Loopback(secrets.token_urlsafe(32))
        self._redirect = f"http://127.0.0.1:{self._server.server_port}/"
        digest = hashlib.sha256(self._verifier.encode()).digest()
        asked = {
            "client_id": client.client_id,
            "redirect_uri": self._redirect,
            "response_type": "code",
            "scope": SCOPE,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "state": self._server.state,
            "access_type": "offline",
            "prompt": "consent",
        }
        where = f"{base_url}/o/oauth2/v2/auth" if base_url else CONSENT_URL
        self.address = f"{where}?{urlencode(asked)}"

    def wait(self, seconds: float = WAIT_SECONDS) -> str:
        """Return the credential that was consented to, as JSON: to be kept sealed.

        Raises UnavailableError (``no_consent`` in time, ``google_unreachable``), NotAllowedError
        (``consent_refused``, also when the scope was left out).
        """
        deadline = time.monotonic() + seconds
        while self._server.answer is None:
            if time.monotonic() > deadline:
                raise UnavailableError(
                    "no_consent", f"Nobody consented within {seconds:.0f} s", hint=AGAIN
                )
            self._server.handle_request()
        if "code" not in self._server.answer:
            why = plain(self._server.answer.get("error", "no code"))
            raise NotAllowedError("consent_refused", f"Google says: {why}", hint=AGAIN)
        return self._exchanged(self._server.answer["code"])

    def _exchanged(self, code: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": self._client.client_id,
            "client_secret": self._client.client_secret,
            "redirect_uri": self._redirect,
            "code_verifier": self._verifier,
        }
        granted = _posted(self._token_url, form)
        if SCOPE not in str(granted.get("scope", "")).split() or "refresh_token" not in granted:
            why = plain(granted.get("error", "the calendar was left out"))
            raise NotAllowedError("consent_refused", f"Google says: {why}", hint=AGAIN)
        return json.dumps(
            {
                "type": "authorized_user",
                "client_id": self._client.client_id,
                "client_secret": self._client.client_secret,
                "refresh_token": granted["refresh_token"],
            }
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_trouble: object) -> None:
        self._server.server_close()


def _posted(url: str, form: dict[str, str]) -> dict[str, Any]:
    """Return Google's answer to an exchange; it is sent once, for a code is good for one."""
    try:
        with open_client("", timeout_seconds=(CONNECT_SECONDS, ANSWER_SECONDS)) as http:
            answer = http.post(url, data=form).json()
    except (httpx.HTTPError, ValueError) as error:
        raise UnavailableError(
            "google_unreachable",
            f"Google's answer did not come: {type(error).__name__}",
            hint="Run the command again in a moment",
        ) from None
    return answer if isinstance(answer, dict) else {}


class _Loopback(HTTPServer):
    """Where the browser comes back to: a free port of this machine, for one answer."""

    def __init__(self, state: str) -> None:
        super().__init__(("127.0.0.1", 0), _Back)
        self.state = state
        self.answer: dict[str, str] | None = None
        self.timeout = LOOK_SECONDS


class _Back(BaseHTTPRequestHandler):
    server: _Loopback
    timeout = 5
    server_version = "Bookra"
    sys_version = ""

    def do_GET(self) -> None:
        """Take the answer if it carries our state; anything else on this port is a stranger's."""
        parts = urlsplit(self.path)
        given = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        ours = secrets.compare_digest(given.get("state", "").encode(), self.server.state.encode())
        if parts.path != "/" or not ours:
            self._say(400, "This is not an answer to what Bookra asked.")
            return
        self.server.answer = given
        self._say(200, "Thank you. You may close this window.")

    def _say(self, status: int, text: str) -> None:
        page = PAGE.format(text).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Stay silent: the address holds the code."""

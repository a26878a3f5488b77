"""Requests to the Calendar API: who asks, with which token, and where a calendar's events are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx

from bookra.relay.outcome import ACCOUNT, TRANSIENT, Retry
from bookra.relay.providers.google_tokens import TOKEN_URL, NoTokenError, Tokens
from bookra.relay.providers.wire import open_client

API_URL = "https://www.googleapis.com"


@dataclass(frozen=True, slots=True)
class GoogleAccess:
    """A tenant's way in. ``base_url`` None is Google itself.

    ``token`` is an access token, or the JSON of a service account's key or of an authorised user.
    """

    token: str = field(repr=False)
    base_url: str | None


class GoogleWire:
    """One credential's requests; keeps the token that it minted. May be shared by threads."""

    def __init__(self, access: GoogleAccess, *, timeout_seconds: tuple[float, float]) -> None:
        """Raises ValueError for a token that is JSON, but no credential."""
        self._http = open_client(access.base_url or API_URL, timeout_seconds=timeout_seconds)
        token_url = f"{access.base_url}/token" if access.base_url else TOKEN_URL
        self._tokens = Tokens(access.token, token_url=token_url, http=self._http)

    def ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        etag: str | None = None,
    ) -> httpx.Response:
        """Send one request; a refused token is renewed once.

        Raises NoTokenError, and httpx's own errors when there is no answer.
        """
        token = self._tokens.current()
        reply = self._sent(method, path, body, query, etag, token)
        if reply.status_code != 401:
            return reply
        return self._sent(method, path, body, query, etag, self._tokens.renewed(token))

    def _sent(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None,
        query: Mapping[str, str] | None,
        etag: str | None,
        token: str,
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        if etag is not None:
            headers["If-Match"] = etag
        return self._http.request(method, path, params=query or {}, json=body, headers=headers)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


def events_path(calendar_id: str, event_id: str | None = None) -> str:
    """Return where a calendar's events are, or one of them."""
    path = f"/calendar/v3/calendars/{quote(calendar_id, safe='')}/events"
    return path if event_id is None else f"{path}/{quote(event_id, safe='')}"


def no_token(error: NoTokenError) -> Retry:
    """Return what it comes to that no token can be had."""
    if error.revoked:
        return Retry("google 401 the token is refused", ACCOUNT)
    return Retry("google no_answer from the token endpoint", TRANSIENT)

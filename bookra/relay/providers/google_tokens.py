"""Access tokens for Google: as they were given, or minted from a credential and kept fresh.

A credential is the JSON that Google hands out: a service account's key, or an authorised user's
refresh token. google-auth signs and exchanges it; the request itself goes over our own client, so
that it obeys the same time-outs and never leaves for another host.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
SCOPE = "https://www.googleapis.com/auth/calendar.events"
"""The least that reads and writes events; it opens no calendar's settings and no list of them."""


class NoTokenError(Exception):
    """No token can be had: ``revoked`` tells a refusal from an exchange that got no answer."""

    def __init__(self, *, revoked: bool) -> None:
        super().__init__("revoked" if revoked else "no answer")
        self.revoked = revoked


class Tokens:
    """The bearer tokens of one credential; may be shared by threads."""

    def __init__(self, credential: str, *, token_url: str, http: httpx.Client) -> None:
        """Take a bare access token, or a credential's JSON (raises ValueError if it is neither)."""
        self._http = http
        self._lock = threading.Lock()
        self._bare = None if credential.lstrip().startswith("{") else credential
        self._minted = None if self._bare else _credentials(json.loads(credential), token_url)

    def current(self) -> str:
        """Return a token that is not known to be stale; raises NoTokenError."""
        if self._minted is None:
            return self._bare or ""
        with self._lock:
            if not self._minted.valid:
                self._refresh(self._minted)
            return str(self._minted.token)

    def renewed(self, refused: str) -> str:
        """Return another token than ``refused``; raises NoTokenError."""
        if self._minted is None:
            raise NoTokenError(revoked=True)
        with self._lock:
            if self._minted.token == refused:
                self._refresh(self._minted)
            return str(self._minted.token)

    def _refresh(self, minted: Credentials) -> None:
        from google.auth.exceptions import GoogleAuthError, TransportError

        try:
            minted.refresh(self._exchange)  # type: ignore[no-untyped-call]
        except TransportError as error:
            raise NoTokenError(revoked=False) from error
        except GoogleAuthError as error:
            raise NoTokenError(revoked=not getattr(error, "retryable", False)) from error

    def _exchange(
        self,
        url: str,
        method: str = "POST",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        **_options: Any,
    ) -> _Answer:
        """Carry google-auth's request: what it calls a transport."""
        from google.auth.exceptions import TransportError

        try:
            reply = self._http.request(method, url, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise TransportError("no answer") from error  # type: ignore[no-untyped-call]
        return _Answer(reply.status_code, reply.content, dict(reply.headers))


@dataclass(frozen=True, slots=True)
class _Answer:
    """The three things that google-auth asks of a response."""

    status: int
    data: bytes
    headers: Mapping[str, str]


def _credentials(info: Mapping[str, str], token_url: str) -> Credentials:
    """Build a credential. Its own ``token_uri`` is not followed: it could name any host.

    ``subject`` in a service account's key is whom it acts for, where a domain lets it.
    """
    kind = info.get("type")
    if kind == "service_account":
        from google.oauth2.service_account import Credentials as ServiceAccount

        key = {**info, "token_uri": token_url}
        account: Credentials = ServiceAccount.from_service_account_info(  # type: ignore[no-untyped-call]
            key, scopes=[SCOPE], subject=info.get("subject")
        )
        return account
    if kind == "authorized_user":
        from google.oauth2.credentials import Credentials as User

        user: Credentials = User(  # type: ignore[no-untyped-call]
            None,
            refresh_token=info["refresh_token"],
            token_uri=token_url,
            client_id=info["client_id"],
            client_secret=info["client_secret"],
        )
        return user
    raise ValueError("the credential is neither a service account's key nor an authorised user's")

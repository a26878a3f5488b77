"""Requests and replies as plain values, between the HTTP server and the stand-ins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. ``headers`` has lower-case names; ``base_url`` is how we are reached."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    base_url: str = ""

    @property
    def bearer(self) -> str | None:
        """The bearer token, or None when the request carries none."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" and token.strip() else None

    def without_access(self) -> Request:
        """Return the request as it is read once its credentials are revoked."""
        grants = "grant_type=" in self.body[:200].decode("latin-1")
        body = b"grant_type=refresh_token&refresh_token=revoked" if grants else self.body
        headers = {**self.headers, "authorization": "Bearer revoked"}
        return replace(self, headers=headers, body=body)

    def json(self) -> Any:
        """Return the body as JSON; raises ValueError when it is none."""
        return json.loads(self.body.decode("utf-8"))


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP reply, its body as bytes."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_json(cls, status: int, document: Any, **headers: str) -> Reply:
        """Make a JSON reply; keyword names become headers (``request_id`` → ``Request-Id``)."""
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        return cls(
            status,
            (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode("utf-8"),
            {"Content-Type": "application/json; charset=utf-8", **named},
        )

    def with_headers(self, more: Mapping[str, str]) -> Reply:
        """Return the reply with ``more`` headers, in place of those of the same name."""
        return replace(self, headers={**self.headers, **more})

    @classmethod
    def of_html(cls, status: int, page: str) -> Reply:
        """Make a reply with a web page."""
        return cls(status, page.encode("utf-8"), {"Content-Type": "text/html; charset=utf-8"})

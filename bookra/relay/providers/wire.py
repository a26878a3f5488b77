"""What the HTTP clients share: how a connection is opened, and how an answer's edges are read."""

from __future__ import annotations

import logging
import re
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache

import httpx

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 25.0
"""Well below the outbox's lease, so that a slow answer is an outcome and not a lost lease."""

SHORTEST_WISH_SECONDS, LONGEST_WISH_SECONDS = 1.0, 3600.0
"""What is believed of a provider's ``Retry-After``: at once would be a loop, later an outage."""

_NOT_PLAIN = re.compile(r"[^A-Za-z0-9_.:-]+")
_PLAIN_LENGTH = 64

# Their INFO lines hold addresses, and a calendar's address is a person's mail address.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


def open_client(
    base_url: str, *, timeout_seconds: tuple[float, float], keep_alive: bool = True
) -> httpx.Client:
    """Return an HTTP/1.1 client that goes to ``base_url`` and nowhere else.

    No proxy, netrc or certificate from the environment, and no redirect, leads a token astray.
    ``timeout_seconds`` is (connect, each other step).
    """
    connect, answer = timeout_seconds
    return httpx.Client(
        base_url=base_url,
        verify=_authorities(),
        timeout=httpx.Timeout(answer, connect=connect),
        limits=httpx.Limits(max_connections=10, max_keepalive_connections=5 if keep_alive else 0),
        trust_env=False,
        http2=False,
        follow_redirects=False,
    )


@cache
def _authorities() -> ssl.SSLContext:
    """Return who is trusted to sign certificates: one list for every business's clients."""
    return httpx.create_ssl_context(trust_env=False)


def plain(text: object) -> str:
    """Return a provider's code or id fit for a log or a terminal: a short run of plain letters."""
    return _NOT_PLAIN.sub("_", str(text))[:_PLAIN_LENGTH]


def wished_seconds(headers: Mapping[str, str]) -> float | None:
    """Return how long ``Retry-After`` asks to wait, None when it doesn't say.

    A date is read against the answer's own ``Date``, so that this machine's clock plays no part.
    """
    wish = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,3})?", wish):
        return _believed(float(wish))
    until, sent = _date(wish), _date(headers.get("Date", ""))
    if until is None or sent is None:
        return None
    return _believed((until - sent).total_seconds())


def _believed(seconds: float) -> float:
    return min(max(seconds, SHORTEST_WISH_SECONDS), LONGEST_WISH_SECONDS)


def _date(text: str) -> datetime | None:
    try:
        stamp = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)

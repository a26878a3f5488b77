"""The page behind an account link: what an owner fills in at Stripe, in one click."""

from __future__ import annotations

import re
import sqlite3
from html import escape

from bookra.sandbox.state import State, now
from bookra.sandbox.stripe import accounts
from bookra.sandbox.stripe.store import Call, every
from bookra.sandbox.wire import Reply, Request

_PATH = re.compile(r"/onboard/(acct_[A-Za-z0-9]+)/[A-Za-z0-9]+")
_FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head><body><h1>{title}</h1>
{content}
<p>Bookra sandbox: a stand-in for Stripe's onboarding. Nobody is checked.</p></body></html>
"""


class OnboardingPage:
    """``/onboard/{account}/{token}``: shows whose account it is, and takes the click."""

    def __init__(self, state: State) -> None:
        self._state = state

    def answer(self, request: Request) -> Reply:
        """Return the page for GET, and the result of the click for POST."""
        with self._state.writing() as tx:
            return self._answered(tx, request)

    def _answered(self, tx: sqlite3.Connection, request: Request) -> Reply:
        named = _PATH.fullmatch(request.path)
        call = Call(tx, named[1] if named else "", accounts.platform(tx), now(tx))
        found = every(call, "account")
        if not found:
            return _page(404, "No such account", "<p>The link is wrong.</p>")
        title = escape(found[0]["business_profile"]["name"])
        if request.method == "POST":
            accounts.onboard(call)
            return _page(200, title, "<p>Done: the account may take payments.</p>")
        button = "<form method='post'><button>Fill in everything Stripe asks for</button></form>"
        return _page(200, title, button)


def _page(status: int, title: str, content: str) -> Reply:
    return Reply.of_html(status, _FRAME.format(title=title, content=content))

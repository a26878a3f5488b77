"""The Checkout page that a person can click: plain HTML, no script, every text escaped."""

from __future__ import annotations

import sqlite3
from html import escape
from urllib.parse import parse_qs, unquote

from bookra.errors import BookraError, ConflictError, NotFoundError
from bookra.money import format_minor, from_stripe
from bookra.sandbox import paying
from bookra.sandbox.state import Json, State, now
from bookra.sandbox.stripe import accounts
from bookra.sandbox.stripe.store import Call, find
from bookra.sandbox.wire import Reply, Request

_FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; background: #f4f5f7; color: #1c2430; margin: 0 }}
main {{ max-width: 26rem; margin: 8vh auto; background: #fff; padding: 2rem; border-radius: 12px }}
h1 {{ font-size: 1.05rem; margin: 0; color: #57606f }}
.amount {{ font-size: 2.2rem; font-weight: 600; margin: .3rem 0 1rem }}
ul {{ list-style: none; padding: 0; border-top: 1px solid #e3e6ea }}
li {{ display: flex; justify-content: space-between; padding: .5rem 0 }}
button {{ width: 100%; padding: .7rem; margin: .25rem 0; font: inherit; border-radius: 8px;
  border: 1px solid #c6ccd4; background: #fff; cursor: pointer }}
button.first {{ background: #1f5eff; border-color: #1f5eff; color: #fff }}
.note {{ color: #57606f; font-size: .85rem }} .bad {{ color: #a4262c }}
</style></head><body><main>{content}
<p class="note">Bookra sandbox: a stand-in for Stripe Checkout. No card, no money.</p>
</main></body></html>
"""

_BUTTONS = (("visa", "Pay with test card Visa ····4242", "first"),
            ("declined", "Pay with a card that is declined", ""),
            ("3ds", "Pay with a card that asks for 3-D Secure", ""))  # fmt: skip


class CheckoutPage:
    """``/pay/{session}``: shows what is to be paid, and takes the click."""

    def __init__(self, state: State) -> None:
        self._state = state

    def answer(self, request: Request) -> Reply:
        """Return the page for GET, and the result of a click for POST."""
        reference = unquote(request.path.removeprefix("/pay/"))
        try:
            with self._state.writing() as tx:
                if request.method == "POST":
                    return Reply.of_html(200, _clicked(tx, reference, request))
                return Reply.of_html(200, _shown(tx, reference))
        except BookraError as error:
            return Reply.of_html(_status(error), _frame("Bookra sandbox", _sentence(error.message)))


def _shown(tx: sqlite3.Connection, reference: str) -> str:
    session, account = paying.session_named(tx, reference)
    if session["status"] == "complete":
        return _frame(
            "Paid", _head(tx, session, account) + _sentence("This has been paid. Thank you.")
        )
    if session["status"] == "expired":
        return _frame("Expired", _head(tx, session, account) + _sentence("This link has expired."))
    buttons = "".join(
        f'<button class="{style}" name="card" value="{card}">{escape(text)}</button>'
        for card, text, style in _BUTTONS
    )
    return _frame("Pay", _head(tx, session, account) + f'<form method="post">{buttons}</form>')


def _clicked(tx: sqlite3.Connection, reference: str, request: Request) -> str:
    form = {name: values[-1] for name, values in parse_qs(request.body.decode("latin-1")).items()}
    passed = form.get("authenticated") == "yes"
    outcome = paying.pay(tx, reference, form.get("card", ""), authenticated=passed)
    session, account = paying.session_named(tx, outcome["session"])
    head = _head(tx, session, account)
    if outcome["status"] == "complete":
        return _frame("Paid", head + _sentence("Paid. Thank you.") + _back(session))
    if outcome["intent_status"] == "requires_action":
        form_html = (
            '<form method="post"><input type="hidden" name="card" value="3ds">'
            '<button class="first" name="authenticated" value="yes">'
            "Complete authentication</button></form>"
        )
        return _frame("3-D Secure", head + _sentence("Your bank asks you to confirm.") + form_html)
    again = f'<p><a href="{escape(request.path)}">Try another</a></p>'
    return _frame("Declined", f'{head}<p class="bad">Your card was declined.</p>{again}')


def _back(session: Json) -> str:
    if session["success_url"] is None:
        return ""
    return f'<p><a href="{escape(session["success_url"], quote=True)}">Back</a></p>'


def _head(tx: sqlite3.Connection, session: Json, account: str) -> str:
    owner = find(Call(tx, account, accounts.platform(tx), now(tx)), "account", account)
    name = escape(owner["business_profile"]["name"] or "Bookra")
    if session["amount_total"] is None:
        return f'<h1>{name}</h1><p class="amount">Save a card</p>'
    lines = "".join(
        f"<li><span>{escape(line['price_data']['product_data']['name'])}</span>"
        f"<span>{_amount(line['price_data']['unit_amount'] * line.get('quantity', 1), session)}"
        "</span></li>"
        for line in session["_lines"]
    )
    total = _amount(session["amount_total"], session)
    return f'<h1>{name}</h1><p class="amount">{total}</p><ul>{lines}</ul>'


def _amount(amount: int, session: Json) -> str:
    money = from_stripe(amount, session["currency"])
    return escape(f"{format_minor(money.minor, money.currency)} {money.currency}")


def _sentence(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _frame(title: str, content: str) -> str:
    return _FRAME.format(title=escape(title), content=content)


def _status(error: BookraError) -> int:
    if isinstance(error, NotFoundError):
        return 404
    return 409 if isinstance(error, ConflictError) else 400

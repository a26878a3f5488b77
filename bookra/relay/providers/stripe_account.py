"""What a Stripe account tells of itself: its currency, its payouts, and all that ever moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import stripe

from bookra.clock import from_epoch
from bookra.money import Money, from_stripe
from bookra.relay.providers import stripe_facts as facts
from bookra.relay.providers import stripe_lists as lists
from bookra.relay.providers.wire import plain

LEDGER_PAGES = 100_000
"""Ten million movements: more than that is not reconciled in one go."""

MOST_SHOWN = 8
"""How many of the things that Stripe still wants are named; the rest it asks for by itself."""


@dataclass(frozen=True, slots=True)
class PayoutState:
    """A payout as it is now.

    ``status`` is pending, in_transit, paid, failed or canceled. ``members`` are the movements
    that an automatic payout carries, its own left out; None when Stripe can't tell them.
    """

    payout_ref: str
    amount: Money
    status: str
    automatic: bool
    arrives_on: date | None
    failure: str
    created_at: datetime
    members: tuple[str, ...] | None = None
    carried: Money | None = None
    """What its members add up to."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What an account may do now, and what Stripe wants to know before it may do more.

    ``due`` are Stripe's names of what is missing, ``disabled`` its reason, empty for none.
    """

    account_ref: str
    charges: bool
    payouts: bool
    submitted: bool
    due: tuple[str, ...]
    disabled: str

    @property
    def state(self) -> str:
        """Active as soon as it may charge; restricted when it might and may not; else pending."""
        if self.charges:
            return "active"
        return "restricted" if self.submitted else "pending"

    @property
    def why(self) -> str:
        """Codes alone: Stripe's reason, whether payouts wait, and what is due first."""
        words = [self.disabled] if self.disabled else []
        if self.charges and not self.payouts:
            words.append("payouts_disabled")
        words += [f"due:{','.join(self.due[:MOST_SHOWN])}"] if self.due else []
        return " ".join(words)


def standing(client: stripe.StripeClient) -> Standing:
    """Ask what the account may do now."""
    return standing_of(client.v1.accounts.retrieve_current().to_dict())


def standing_of(document: facts.Document) -> Standing:
    """Read what an account may do."""
    asked = document.get("requirements") or {}
    due = (*(asked.get("past_due") or ()), *(asked.get("currently_due") or ()))
    return Standing(
        account_ref=str(document["id"]),
        charges=bool(document["charges_enabled"]),
        payouts=bool(document["payouts_enabled"]),
        submitted=bool(document["details_submitted"]),
        due=tuple(dict.fromkeys(plain(name) for name in due)),
        disabled=plain(asked.get("disabled_reason") or ""),
    )


def settlement_currency(client: stripe.StripeClient) -> str:
    """Return the currency (ISO 4217, upper case) in which the account settles."""
    account = client.v1.accounts.retrieve_current().to_dict()
    currency = account["default_currency"]
    if not isinstance(currency, str) or len(currency) != 3:
        raise TypeError("default_currency is not a currency")
    return currency.upper()


def balances(client: stripe.StripeClient) -> dict[str, Money]:
    """Return what Stripe holds for the account, available and pending, by currency."""
    told = client.v1.balance.retrieve().to_dict()
    sums: dict[str, Money] = {}
    for part in (*told["available"], *told["pending"]):
        money = from_stripe(int(part["amount"]), str(part["currency"]))
        sums[money.currency] = sums.get(money.currency, Money(0, money.currency)) + money
    return sums


def payout(client: stripe.StripeClient, payout_ref: str) -> PayoutState:
    """Return a payout with its members, where Stripe tells them."""
    return _with_members(client, client.v1.payouts.retrieve(payout_ref).to_dict())


def payouts(client: stripe.StripeClient, since: int) -> Iterator[PayoutState]:
    """Yield payouts from the second ``since`` on with their members, the newest first."""
    params = {"created": {"gte": since}}
    for row in lists.every(client.v1.payouts.list, params, most_pages=lists.POLL_PAGES):
        yield _with_members(client, row)


def history(client: stripe.StripeClient) -> Iterator[facts.Movement]:
    """Yield every movement of the account, the newest first, page by page.

    Raises in the middle when a page is missing: who counts must not take a part for the whole.
    """

    def page_of(asked: Mapping[str, Any]) -> facts.Document:
        # As it came: the library's own objects cost three times what reading the page does, which
        # tells at a million movements.
        page: facts.Document = client.raw_request("get", "/v1/balance_transactions", **asked).data
        return page

    for row in lists.every_plain(page_of, {"expand": ["data.source"]}, most_pages=LEDGER_PAGES):
        yield facts.movement(row)


def payout_state(document: facts.Document) -> PayoutState:
    """Read a payout, without its members."""
    arrival = document.get("arrival_date")
    return PayoutState(
        payout_ref=str(document["id"]),
        amount=from_stripe(int(document["amount"]), str(document["currency"])),
        status=str(document["status"]),
        automatic=bool(document["automatic"]),
        arrives_on=None if arrival is None else datetime.fromtimestamp(arrival, UTC).date(),
        failure=str(document.get("failure_code") or ""),
        created_at=from_epoch(document["created"]),
    )


def is_payout(document: object) -> bool:
    """Tell whether a movement's source is a payout that was expanded."""
    return isinstance(document, Mapping) and document.get("object") == "payout"


def _with_members(client: stripe.StripeClient, document: facts.Document) -> PayoutState:
    state = payout_state(document)
    # Until it says so, a list of members may be a part of them.
    if not state.automatic or document.get("reconciliation_status") != "completed":
        return state
    members, carried = [], 0
    listed = client.v1.balance_transactions.list
    for row in lists.every(listed, {"payout": state.payout_ref}, most_pages=lists.POLL_PAGES):
        if facts.reference(row["source"]) != state.payout_ref:
            members.append(str(row["id"]))
            carried += int(row["net"])
    total = from_stripe(carried, state.amount.currency.lower())
    return PayoutState(
        state.payout_ref,
        state.amount,
        state.status,
        state.automatic,
        state.arrives_on,
        state.failure,
        state.created_at,
        tuple(members),
        total,
    )

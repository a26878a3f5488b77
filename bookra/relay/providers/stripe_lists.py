"""Stripe's lists, read to their end, and the look-ups by metadata that need a whole list.

The SDK's own iterator ends silently at an empty page that announces more; here a list is either
whole or an error, since "nothing found" in half a list proves nothing. Stripe's *search* is not
used: its index lags by a minute or more, and proves nothing either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import stripe

from bookra.relay.providers.stripe_errors import UnprovenError
from bookra.relay.providers.stripe_facts import Document, reference

PAGE_ROWS = 100
POLL_PAGES = 1000
LOOK_UP_PAGES = 50
KINDS_A_QUESTION = 20

_GONE = frozenset({"failed", "canceled"})


def every(
    page_of: Callable[..., stripe.ListObject[Any]], params: Mapping[str, Any], *, most_pages: int
) -> Iterator[Document]:
    """Yield every object of a list, newest first, page by page.

    Raises UnprovenError when the list is longer than ``most_pages``, or breaks off.
    """
    return every_plain(lambda asked: page_of(asked).to_dict(), params, most_pages=most_pages)


def every_plain(
    page_of: Callable[[Mapping[str, Any]], Document], params: Mapping[str, Any], *, most_pages: int
) -> Iterator[Document]:
    """Yield every object of a list whose pages come as plain documents; raises as ``every``."""
    cursor: dict[str, str] = {}
    for _ in range(most_pages):
        page = page_of({**params, **cursor, "limit": PAGE_ROWS})
        rows: list[dict[str, Any]] = page["data"]
        yield from rows
        if not page["has_more"]:
            return
        if not rows:
            raise UnprovenError("a page without rows announces more")
        cursor = {"starting_after": rows[-1]["id"]}
    raise UnprovenError(f"more than {most_pages} pages")


def events(client: stripe.StripeClient, since: int, kinds: Sequence[str]) -> Iterator[Document]:
    """Yield the events of ``kinds`` from the second ``since`` on; of one moment the first first.

    One question takes at most ``KINDS_A_QUESTION`` kinds.
    """
    for first in range(0, len(kinds), KINDS_A_QUESTION):
        some = list(kinds[first : first + KINDS_A_QUESTION])
        params = {"created": {"gte": since}, "types": some}
        yield from reversed(list(every(client.v1.events.list, params, most_pages=POLL_PAGES)))


def session_of(
    client: stripe.StripeClient, operation_id: str, *, created_since: int | None
) -> Document | None:
    """Return the newest Checkout Session that carries ``operation_id``, or None.

    None is proof that there is none (made since ``created_since``, in epoch seconds). Raises
    UnprovenError when the account has too many sessions to tell.
    """
    params = {} if created_since is None else {"created": {"gte": created_since}}
    sessions = every(client.v1.checkout.sessions.list, params, most_pages=LOOK_UP_PAGES)
    return next((one for one in sessions if _carries(one, operation_id)), None)


def link_of(client: stripe.StripeClient, operation_id: str) -> Document | None:
    """Return the Payment Link that carries ``operation_id``, or None: proof that there is none.

    Raises UnprovenError when the account has too many links to tell.
    """
    links = every(client.v1.payment_links.list, {}, most_pages=LOOK_UP_PAGES)
    return next((one for one in links if _carries(one, operation_id)), None)


def intent_of(
    client: stripe.StripeClient, customer_ref: str, operation_id: str, *, created_since: int
) -> Document | None:
    """Return the customer's newest PaymentIntent that carries ``operation_id``, charge expanded.

    None is proof that there is none made since ``created_since``, in epoch seconds. Raises
    UnprovenError when there are too many to tell.
    """
    params = {
        "customer": customer_ref,
        "created": {"gte": created_since},
        "expand": ["data.latest_charge"],
    }
    intents = every(client.v1.payment_intents.list, params, most_pages=LOOK_UP_PAGES)
    return next((one for one in intents if _carries(one, operation_id)), None)


def refund_of(client: stripe.StripeClient, intent_ref: str, operation_id: str) -> Document | None:
    """Return the refund of a payment that carries ``operation_id``, or None.

    None is proof: the refunds that Stripe lists add up to what it says was refunded of the charge,
    so none is hidden. Raises UnprovenError when they don't.
    """
    refunds = list(
        every(client.v1.refunds.list, {"payment_intent": intent_ref}, most_pages=LOOK_UP_PAGES)
    )
    found = next((one for one in refunds if _carries(one, operation_id)), None)
    if found is None:
        _check_none_is_hidden(client, intent_ref, refunds)
    return found


def _check_none_is_hidden(
    client: stripe.StripeClient, intent_ref: str, refunds: list[Document]
) -> None:
    intent = client.v1.payment_intents.retrieve(intent_ref, {"expand": ["latest_charge"]}).to_dict()
    charge = intent["latest_charge"]
    listed = sum(
        one["amount"]
        for one in refunds
        if one["status"] not in _GONE and reference(one["charge"]) == reference(charge)
    )
    if (charge or {}).get("amount_refunded", 0) != listed:
        raise UnprovenError("the refunds listed are not what the charge says was refunded")


def _carries(thing: Document, operation_id: str) -> bool:
    return bool((thing.get("metadata") or {}).get("op") == operation_id)

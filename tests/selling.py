"""What tests sell besides visits: products, promo codes, packages, and what Stripe says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count

from factories import Salon

from bookra.engine.bookings.model import Booking
from bookra.engine.catalog.products import add_product, new_product
from bookra.engine.catalog.promos import Promo, add_promo
from bookra.engine.database import open_pool
from bookra.engine.ledger.store import entries
from bookra.engine.ledger.verify import verify
from bookra.engine.orders import paying
from bookra.engine.orders.gift_cards import gift_card, sell_gift_card
from bookra.engine.orders.model import GiftCard, Order, Package
from bookra.engine.orders.packages import package, sell_package
from bookra.engine.orders.selling import pay_by
from bookra.engine.payments.operations import operations_of
from bookra.engine.payments.settling import Charge
from bookra.engine.people.customers import Customer
from bookra.engine.runtime import Engine, Tx
from bookra.errors import BookraError
from bookra.money import Money

_numbers = count(1)


def eur(minor: int) -> Money:
    """Return an amount in the tests' currency."""
    return Money(minor, "EUR")


def product(
    salon: Salon, slug: str, minor: int, *, kind: str = "product", tax_bps: int | None = None
) -> None:
    """Put a product on the shelf."""
    new = replace(new_product(slug, slug.capitalize(), kind, eur(minor)), tax_bps=tax_bps)
    salon.act(lambda tx: add_product(tx, new))


def promo(salon: Salon, code: str, **given: object) -> None:
    """Give a promo code out; ten percent unless said."""
    terms: dict[str, object] = given if "amount" in given else {"percent_bps": 1000, **given}
    salon.act(lambda tx: add_promo(tx, Promo(code, **terms)))  # type: ignore[arg-type]


def card_worth(salon: Salon, minor: int, **given: object) -> GiftCard:
    """Sell a gift card, paid in cash."""
    card = salon.act(lambda tx: sell_gift_card(tx, eur(minor), **given))  # type: ignore[arg-type]
    salon.act(lambda tx: pay_by(tx, card.order, "cash"))
    return salon.ask(lambda tx: gift_card(tx, card.code))


def package_of(
    salon: Salon, customer: Customer, visits: int, minor: int, **given: object
) -> Package:
    """Sell a package of cuts, paid in cash."""

    def sell(tx: Tx) -> Package:
        sold = sell_package(tx, "cut", visits, eur(minor), customer.id, **given)  # type: ignore[arg-type]
        pay_by(tx, sold.order, "cash")
        return package(tx, sold.code)

    return salon.act(sell)


def settle_order(salon: Salon, order: Order, *, minor: int | None = None) -> str:
    """Tell the engine that the newest operation of an order was paid."""
    wanted = salon.ask(lambda tx: operations_of(tx, order_id=order.id))[-1]
    amount = wanted.amount if minor is None else eur(minor)
    number = next(_numbers)
    charge = Charge(f"ch_order_{number}", f"pi_order_{number}", amount, salon.now)
    return salon.act(lambda tx: paying.settle(tx, wanted, charge))


def postings(salon: Salon, booking: Booking) -> list[dict[str, int]]:
    """Return the postings of a booking's entries, by account, the oldest entry first."""
    found = salon.ask(lambda tx: entries(tx, booking_id=booking.id))
    return [{line.account: line.amount.minor for line in entry.postings} for entry in found]


def proven(salon: Salon) -> bool:
    """Tell whether the ledger's proof holds; it names what doesn't."""
    proof = salon.ask(verify)
    assert not proof.problems, proof.problems
    return proof.ok


def crowded(salon: Salon, people: int) -> Salon:
    """Return the salon with a connection for each of so many who act at one moment."""
    pool = open_pool(salon.database.conninfo, size=people)
    return replace(salon, pool=pool, engine=Engine(pool, now=lambda: salon.now))


def refusal(action: Callable[[], object]) -> str:
    """Return the code of the error with which something is refused; ``done`` when it isn't."""
    try:
        action()
    except BookraError as error:
        return error.code
    return "done"

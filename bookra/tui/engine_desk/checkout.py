"""Check-out over the engine: what a visit owes, and the ways to take it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bookra.engine.bookings import store
from bookra.engine.bookings.model import Booking, Status
from bookra.engine.catalog import products
from bookra.engine.orders import redeeming
from bookra.engine.payments import asked as asking
from bookra.engine.payments import links, saved_cards, taking
from bookra.engine.payments.links import Wish
from bookra.engine.payments.tab import settle_up
from bookra.engine.prices import discounts, items
from bookra.engine.runtime import Tx
from bookra.money import Money, rate_bps
from bookra.tui.desk import Done
from bookra.tui.desk.checkout import Discount, ProductChoice, Tab
from bookra.tui.engine_desk import bill
from bookra.tui.engine_desk.counter import Counter, plain, words

LINK_DAYS = 1
"""A payment link lives in days, and its address is short enough to be drawn at 80×24."""

Verb = Callable[[Tx], Booking]


class EngineCheckout(Counter):
    """Questions and verbs of check-out, one transaction each."""

    def tab(self, code: str) -> Tab:
        """Return a visit's bill, as it is now."""
        return self._ask(lambda tx: bill.tab(tx, store.booking_by_code(tx, code)))

    def take(
        self,
        code: str,
        method: str,
        *,
        amount: Money | None = None,
        tip: Money | None = None,
        tips: Mapping[str, Money] | None = None,
        reference: str = "",
    ) -> Done:
        """Take money at the counter; the last of it ends a visit that has begun."""
        more = [*_sums(amount, tip, tips), *(["--reference", reference] if reference else [])]
        wanted = asking.Asked(amount, tip, tips)
        return self._paid(
            code,
            lambda tx: taking.take(tx, code, method, wanted, reference=reference),
            words("pay", code, f"--{method}", *more),
        )

    def ask_link(
        self,
        code: str,
        *,
        amount: Money | None = None,
        tip: Money | None = None,
        tips: Mapping[str, Money] | None = None,
    ) -> Done:
        """Ask for a payment link that lives for a day."""
        wish = Wish(asking.Asked(amount, tip, tips), days=LINK_DAYS)
        sums = _sums(amount, tip, tips)
        command = words("pay", code, "--link", "--days", LINK_DAYS, *sums)
        return self._do(
            "pay by link", lambda tx: links.request_link(tx, code, wish), Done(code, command)
        )

    def charge_card(
        self,
        code: str,
        card_id: str,
        *,
        amount: Money | None = None,
        tip: Money | None = None,
        tips: Mapping[str, Money] | None = None,
    ) -> Done:
        """Ask for a charge of a saved card."""
        wanted = asking.Asked(amount, tip, tips)
        sums = _sums(amount, tip, tips)
        command = words("pay", code, "--saved-card", "--card", card_id, *sums)
        return self._do(
            "pay by saved card",
            lambda tx: saved_cards.pay(tx, code, wanted, last4=card_id),
            Done(code, command),
        )

    def redeem_gift_card(self, code: str, gift_code: str, *, amount: Money | None = None) -> Done:
        """Pay with a gift card."""
        return self._paid(
            code,
            lambda tx: redeeming.redeem_gift_card(tx, code, gift_code, amount),
            words("pay", code, "--gift-card", gift_code, *_sums(amount, None)),
        )

    def redeem_package(self, code: str, package: str) -> Done:
        """Pay with a visit of a package."""
        return self._paid(
            code,
            lambda tx: redeeming.redeem_package(tx, code, package),
            words("pay", code, "--package", package),
        )

    def discount(self, code: str, wanted: Discount) -> Done:
        """Set the booking's one discount, or take it away."""
        command: tuple[str, ...]
        if wanted.promo:
            command = ("--promo", wanted.promo)
        elif wanted.percent:
            command = ("--percent", wanted.percent)
        elif wanted.amount is not None:
            command = ("--amount", plain(wanted.amount))
        else:
            command = ("--none",)
        line = words("booking", "discount", code, *command)
        return self._repriced(code, lambda tx: _discounted(tx, code, wanted), line)

    def products(self) -> list[ProductChoice]:
        """Return what is on sale."""
        found = self._ask(products.products)
        return [ProductChoice(each.slug, each.name, each.price) for each in found]

    def add_item(self, code: str, product: str) -> Done:
        """Put one of a product on the bill."""
        command = words("booking", "item", code, product)
        wanted = items.Wanted(product)
        return self._repriced(code, lambda tx: items.add_item(tx, code, wanted), command)

    def remove_item(self, code: str, position: int) -> Done:
        """Take an item off the bill."""
        command = words("booking", "item", code, "--remove", position)
        return self._repriced(code, lambda tx: items.remove_item(tx, code, position), command)

    def _paid(self, code: str, verb: Verb, command: str) -> Done:
        """Take a payment, and end a visit that has begun when it was the last one."""

        def action(tx: Tx) -> Done:
            booking = verb(tx)
            if booking.due or not bill.begun(tx, booking) or booking.status is Status.COMPLETED:
                return Done(code, command)
            taking.complete(tx, code)
            return Done(code, f"{command} && {words('booking', 'complete', code)}")

        return self._act("pay", action)

    def _repriced(self, code: str, verb: Verb, command: str) -> Done:
        """Change the price; what is paid already becomes revenue if that is all by now."""
        return self._do("price", lambda tx: settle_up(tx, verb(tx)), Done(code, command))


def _discounted(tx: Tx, code: str, wanted: Discount) -> Booking:
    if wanted.promo:
        return discounts.discount_by_promo(tx, code, wanted.promo)
    if wanted.percent:
        return discounts.discount_by_hand(tx, code, bps=rate_bps(wanted.percent))
    if wanted.amount is not None:
        return discounts.discount_by_hand(tx, code, amount=wanted.amount)
    return discounts.no_discount(tx, code)


def _sums(
    amount: Money | None, tip: Money | None, tips: Mapping[str, Money] | None = None
) -> list[str]:
    parts = ["--amount", plain(amount)] if amount is not None else []
    parts += ["--tip", plain(tip)] if tip else []
    shares = ",".join(f"{staff}={plain(part)}" for staff, part in (tips or {}).items() if part)
    return [*parts, "--to-staff", shares] if shares else parts

"""Check-out at the double of the desk: bills, ways to pay, and a relay that settles on request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from demo_day import gbp
from double_base import WRITES, Double

from bookra.errors import ConflictError, NotFoundError
from bookra.money import Money
from bookra.tui.desk import Done
from bookra.tui.desk.checkout import (
    Asked,
    CardChoice,
    Discount,
    PackageChoice,
    Performer,
    ProductChoice,
    Tab,
    TabLine,
)

WRITES |= {"take", "link", "card", "gift", "package", "discount", "item", "no item", "complete"}
SHORT_LINK = "https://buy.stripe.com/test_7sY4gzfTq3Yw2Ns5kK9IQ0b8x"
GIFT_CARDS = {"GC-7F3K": 2000}
PRODUCTS = (("oil", "Argan oil", 1800), ("shampoo", "Shampoo", 1450), ("gloss", "Gloss", 900))


@dataclass
class Bill:
    """What was done to a bill: items by position, what is off, what was asked for."""

    items: dict[int, tuple[str, int]] = field(default_factory=dict)
    off: int = 0
    discount: str = ""
    asked: Asked | None = None
    tip: int = 0


class CheckoutDouble(Double):
    """``link`` is what a payment link comes to; ``settle`` does what the relay would."""

    link = SHORT_LINK
    cards: tuple[CardChoice, ...] = (CardChoice("card-1", "Visa 4242"),)
    performers: tuple[Performer, ...] = ()
    packages: tuple[PackageChoice, ...] = (PackageChoice("PK-10", "Dry cut", 3),)

    def _bill(self, code: str) -> Bill:
        bills: dict[str, Bill] = self.__dict__.setdefault("bills", {})
        return bills.setdefault(code, Bill())

    def tab(self, code: str) -> Tab:
        self._asked("tab", code)
        block, bill = self._block(code), self._bill(code)
        extras = sum(price for _, price in bill.items.values())
        full = block.price.minor + extras - bill.off
        lines = [TabLine(block.service, block.price, block.staff.capitalize())]
        for position, (name, price) in bill.items.items():
            lines.append(TabLine(name, gbp(price), position=position))
        return Tab(
            code, self._customer(block.customer), block.status, tuple(lines), bill.discount,
            gbp(bill.off), gbp(full), gbp(full) - block.due, block.due, self.cards, self.packages,
            bill.asked, done=block.status == "completed", performers=self.performers,
        )  # fmt: skip

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
        more = [*([tips] if tips else []), *([reference] if reference else [])]
        self._asked("take", code, method, amount, tip, *more)
        self._refuse_write()
        self._pay(code, amount)
        return Done(code, f"bookra pay {code} --{method}")

    def ask_link(
        self,
        code: str,
        *,
        amount: Money | None = None,
        tip: Money | None = None,
        tips: Mapping[str, Money] | None = None,
    ) -> Done:
        self._asked("link", code, amount, tip, *([tips] if tips else []))
        self._refuse_write()
        wanted = (amount or self._block(code).due) + (tip or gbp(0))
        self._bill(code).asked = Asked("op-1", "link", "new", wanted)
        return Done(code, f"bookra pay {code} --link --days 1")

    def open_link(self, code: str) -> None:
        """Do what the relay does: give the link that was asked for its address."""
        bill = self._bill(code)
        assert bill.asked is not None
        bill.asked = replace(bill.asked, state="open", url=self.link)
        self.announced.put((f"operation:{code}",))

    def settle(self, code: str, failure: str = "") -> None:
        """Do what the relay does when Stripe has answered, or the client has paid."""
        bill = self._bill(code)
        assert bill.asked is not None
        bill.asked = replace(bill.asked, state="failed" if failure else "succeeded",
                             failure=failure)  # fmt: skip
        if not failure:
            self._pay(code, _less(bill.asked.amount, self._block(code).due))
        self.announced.put((f"booking:{code}",))

    def charge_card(
        self,
        code: str,
        card_id: str,
        *,
        amount: Money | None = None,
        tip: Money | None = None,
        tips: Mapping[str, Money] | None = None,
    ) -> Done:
        self._asked("card", code, card_id, amount, tip, *([tips] if tips else []))
        self._refuse_write()
        wanted = (amount or self._block(code).due) + (tip or gbp(0))
        self._bill(code).asked = Asked("op-2", "card", "new", wanted)
        return Done(code, f"bookra pay {code} --saved-card")

    def redeem_gift_card(self, code: str, gift_code: str, *, amount: Money | None = None) -> Done:
        self._asked("gift", code, gift_code, amount)
        self._refuse_write()
        if gift_code not in GIFT_CARDS:
            raise NotFoundError("unknown_gift_card", f"There is no gift card {gift_code}")
        held = gbp(GIFT_CARDS[gift_code])
        self._pay(code, amount or _less(held, self._block(code).due))
        return Done(code, f"bookra pay {code} --gift-card {gift_code}")

    def redeem_package(self, code: str, package: str) -> Done:
        self._asked("package", code, package)
        self._refuse_write()
        self._pay(code, None)
        return Done(code, f"bookra pay {code} --package {package}")

    def discount(self, code: str, wanted: Discount) -> Done:
        self._asked("discount", code, wanted)
        self._refuse_write()
        bill, block = self._bill(code), self._block(code)
        if wanted.promo and wanted.promo != "AUTUMN":
            raise NotFoundError("unknown_promo", f"There is no promo code {wanted.promo}")
        share = int(wanted.percent or (20 if wanted.promo else 0))
        off = wanted.amount.minor if wanted.amount else block.price.minor * share // 100
        self.blocks[code] = replace(block, due=block.due + gbp(bill.off - off))
        bill.off, bill.discount = off, wanted.promo or (f"{share} %" if share else "")
        return Done(code, f"bookra booking discount {code}")

    def products(self) -> list[ProductChoice]:
        self._asked("products")
        return [ProductChoice(slug, name, gbp(price)) for slug, name, price in PRODUCTS]

    def add_item(self, code: str, product: str) -> Done:
        self._asked("item", code, product)
        self._refuse_write()
        _, name, price = next(each for each in PRODUCTS if each[0] == product)
        bill, block = self._bill(code), self._block(code)
        bill.items[len(bill.items) + 1] = (name, price)
        self.blocks[code] = replace(block, due=block.due + gbp(price))
        return Done(code, f"bookra booking item {code} {product}")

    def remove_item(self, code: str, position: int) -> Done:
        self._asked("no item", code, position)
        self._refuse_write()
        block = self._block(code)
        _, price = self._bill(code).items.pop(position)
        self.blocks[code] = replace(block, due=block.due - gbp(price))
        return Done(code, f"bookra booking item {code} --remove {position}")

    def _pay(self, code: str, amount: Money | None) -> None:
        block = self._block(code)
        paid = amount or block.due
        if paid.minor > block.due.minor:
            raise ConflictError("over_payment", f"{paid} is more than {code} owes")
        rest = block.due - paid
        self.blocks[code] = replace(
            block, due=rest, status=block.status if rest.minor else "completed"
        )


def _less(one: Money, other: Money) -> Money:
    return one if one.minor < other.minor else other

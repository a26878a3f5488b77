"""The steps of check-out: their fields, what they offer, and the verb that each comes to. Pure.

What a step writes is decided here, from what was typed and chosen; the dialog only asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from bookra.errors import BookraError, InvalidInputError
from bookra.money import Money
from bookra.tui.desk import Desk, Done
from bookra.tui.desk.checkout import CardChoice, PackageChoice, ProductChoice, Tab, TabLine
from bookra.tui.look import Look
from bookra.tui.screens import checkout_words
from bookra.tui.screens.booking_steps import matches
from bookra.tui.screens.tip_shares import shared
from bookra.tui.text import clean, fit, pad

METHODS = {
    "c": "cash",
    "t": "terminal",
    "l": "link",
    "s": "card",
    "g": "gift",
    "k": "package",
    "d": "discount",
    "+": "goods",
}
"""What each key of the bill begins."""

TIPPED = ("cash", "terminal", "link", "card")
FIELDS = {
    "entry": ("gift", "discount", "goods"),
    "tip": TIPPED,
    "part": (*TIPPED, "gift"),
    "reference": ("terminal",),
}
"""The lines to type in, and the steps that show them, in their order."""

_PROMPTS = {
    "tip": "Tip: 5.00 or 10%, none",
    "part": "Only a part: all that is due",
    "reference": "The terminal's receipt number, if you like",
    "gift": "The gift card's code",
    "discount": "10%, 5.00, a promo code, or none",
    "goods": "Which product?",
}
_SHOWN = 8
_NAME = 30

Chosen = CardChoice | PackageChoice | ProductChoice | TabLine
Sums = tuple[Money | None, Money | None]


@dataclass(frozen=True, slots=True)
class Offered:
    """A choice of a list, as it is shown."""

    said: str
    what: Chosen


@dataclass(frozen=True, slots=True)
class Entries:
    """What was typed and chosen at a step."""

    tip: str = ""
    part: str = ""
    entry: str = ""
    reference: str = ""
    shares: tuple[str, ...] = ()
    chosen: Chosen | None = None

    def sums(self, tab: Tab) -> Sums:
        """Return (tip, part) as far as they are amounts by now."""
        found = []
        for text in (self.tip, self.part):
            try:
                found.append(checkout_words.amount_of(text, tab.due))
            except BookraError:
                found.append(None)
        return found[0], found[1]

    def parts(self, tab: Tab) -> list[tuple[str, Money]]:
        """Return (name, part of the tip) where several share one, as far as it is typed by now.

        What doesn't come to the tip, or is no amount yet, shows as the engine's rule has it.
        """
        tip, _ = self.sums(tab)
        if tip is None or len(tab.performers) < 2:
            return []
        try:
            parts = shared(tip, tab.performers, self.shares)
        except InvalidInputError:
            parts = shared(tip, tab.performers, ())
        return [(one.name, part) for one, part in zip(tab.performers, parts, strict=True)]

    def tips(self, tab: Tab, tip: Money | None) -> dict[str, Money] | None:
        """Return by staff who gets how much of a tip; None where nobody said so.

        Raises InvalidInputError for parts that don't come to it.
        """
        if tip is None or not any(map(str.strip, self.shares)):
            return None
        parts = shared(tip, tab.performers, self.shares)
        return {one.staff: part for one, part in zip(tab.performers, parts, strict=True)}

    def doubt(self, look: Look, tab: Tab | None, step: str) -> str:
        """Return what speaks against what is typed, as it is typed; nothing where nothing does."""
        if tab is None:
            return ""
        if step == "discount":
            return checkout_words.above_limit(look, tab, self.entry)
        try:
            self.tips(tab, self.sums(tab)[0])
        except InvalidInputError as error:
            return error.message if error.code == "bad_tip" else ""
        return ""

    def verb(self, desk: Desk, look: Look, tab: Tab, step: str) -> tuple[Callable[[], Done], str]:
        """Return what the step comes to, and how it is told.

        Raises InvalidInputError for what can't be read, or where nothing was chosen.
        """
        if step in TIPPED or step in ("gift", "package"):
            return self._payment(desk, look, tab, step)
        name = clean(tab.customer.name)
        if step == "discount":
            wanted = checkout_words.discount_of(self.entry, tab.due.currency)
            if wanted is None:
                raise _missing("10%, 5.00 or a promo code; none takes it away")
            return partial(desk.discount, tab.code, wanted), look.joined("Price changed", name)
        if isinstance(self.chosen, ProductChoice):
            product = self.chosen
            said = look.joined(f"{clean(product.name)} added", name)
            return partial(desk.add_item, tab.code, product.slug), said
        if isinstance(self.chosen, TabLine) and self.chosen.position is not None:
            said = look.joined(f"{clean(self.chosen.name)} taken off", name)
            return partial(desk.remove_item, tab.code, self.chosen.position), said
        raise _missing("Choose a product")

    def _payment(
        self, desk: Desk, look: Look, tab: Tab, step: str
    ) -> tuple[Callable[[], Done], str]:
        tip = checkout_words.amount_of(self.tip, tab.due)
        part = checkout_words.amount_of(self.part, tab.due)
        tips = self.tips(tab, tip)
        said = checkout_words.said(look, tab, step, (part or tab.due, tip))
        code = tab.code
        match step:
            case "link":
                return partial(desk.ask_link, code, amount=part, tip=tip, tips=tips), said
            case "card":
                card = self.chosen if isinstance(self.chosen, CardChoice) else tab.cards[0]
                charge = partial(desk.charge_card, code, card.id, amount=part, tip=tip, tips=tips)
                return charge, said
            case "gift":
                if not (gift := self.entry.strip()):
                    raise _missing("Type the gift card's code")
                said = look.joined("Gift card taken", clean(tab.customer.name))
                return partial(desk.redeem_gift_card, code, gift, amount=part), said
            case "package":
                bought = self.chosen if isinstance(self.chosen, PackageChoice) else tab.packages[0]
                said = look.joined("A visit of the package used", clean(tab.customer.name))
                return partial(desk.redeem_package, code, bought.code), said
        reference = self.reference.strip()
        call = partial(desk.take, code, step, amount=part, tip=tip, tips=tips, reference=reference)
        return call, said


def offered(
    look: Look, step: str, tab: Tab, products: Sequence[ProductChoice], typed: str
) -> list[Offered]:
    """Return what a step offers in a list; a single card or package needs none."""
    if step == "card" and len(tab.cards) > 1:
        return [Offered(clean(card.name), card) for card in tab.cards]
    if step == "package":
        return [
            Offered(f"{clean(each.code)}  {clean(each.service)}, {each.left} left", each)
            for each in tab.packages
        ]
    if step != "goods":
        return []
    found = [each for each in products if matches(typed, clean(each.name))][:_SHOWN]
    sold = [one for one in tab.lines if one.position is not None and not typed.strip()]
    return [Offered(_listed(look, each.name, each.price), each) for each in found] + [
        Offered(f"Take off {clean(one.name)}", one) for one in sold
    ]


def _listed(look: Look, name: str, price: Money) -> str:
    return pad(fit(clean(name), _NAME, look.glyphs.ellipsis), _NAME) + f"{look.money(price):>12}"


def prompt(step: str, field: str) -> str:
    """Return what a field asks for."""
    return _PROMPTS.get(step if field == "entry" else field, "")


def keys(look: Look, step: str, *, shared: bool = False) -> list[tuple[str, str]]:
    """Return the keys that a step names; ``shared`` where several get of the tip."""
    glyphs = look.glyphs
    word = {
        "cash": "cash taken", "terminal": "card taken", "link": "ask for it", "card": "charge it",
        "gift": "use it", "package": "use a visit", "discount": "set", "goods": "add",
    }.get(step, "take")  # fmt: skip
    tab = [("tab", "who gets it, a part" if shared else "tip, a part")] if step in TIPPED else []
    choose = [(glyphs.up_down, "choose")] if step in ("goods", "package") else []
    return [(glyphs.enter, word), *tab, *choose, ("esc", "back")]


def _missing(what: str) -> InvalidInputError:
    return InvalidInputError("missing", what)

"""What the desk answered about booking and check-out, as messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bookra.tui.messages import Answer

if TYPE_CHECKING:
    from bookra.tui.desk.booking import Again, ClassSeats, Instead, Quote, SeriesDate
    from bookra.tui.desk.checkout import ProductChoice, Tab


@dataclass(eq=False)
class UsualFound(Answer):
    """The slugs of what a client books, the most usual first."""

    customer_id: str
    slugs: tuple[str, ...]


@dataclass(eq=False)
class ContactChecked(Answer):
    """The phone or e-mail that was typed can be one."""

    text: str


@dataclass(eq=False)
class Quoted(Answer):
    """What a visit would come to."""

    quote: Quote


@dataclass(eq=False)
class InsteadFound(Answer):
    """Who has the time, and which are free."""

    instead: Instead


@dataclass(eq=False)
class SeriesLooked(Answer):
    """The dates of a series."""

    text: str
    dates: tuple[SeriesDate, ...]


@dataclass(eq=False)
class SeatsLoaded(Answer):
    """A class was opened."""

    seats: ClassSeats


@dataclass(eq=False)
class TabLoaded(Answer):
    """A bill was read."""

    tab: Tab


@dataclass(eq=False)
class ProductsLoaded(Answer):
    """What is sold besides."""

    products: tuple[ProductChoice, ...]


@dataclass(eq=False)
class AgainFound(Answer):
    """When a client would come next; None where nothing is usual."""

    again: Again | None

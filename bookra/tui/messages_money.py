"""What the desk answered about money, as messages."""

from __future__ import annotations

from dataclasses import dataclass

from bookra.tui.desk.money_values import (
    BankPayout,
    DayEnd,
    Drawer,
    EntryLine,
    Explained,
    PayRun,
    Proof,
    Takings,
)
from bookra.tui.messages import Answer

SectionAnswer = (
    Takings
    | tuple[EntryLine, ...]
    | Drawer
    | DayEnd
    | tuple[Proof, tuple[BankPayout, ...]]
    | tuple[PayRun, ...]
    | None
)
"""What a section of the money shows; None is a drawer that was never opened."""


@dataclass(eq=False)
class SectionRead(Answer):
    """What ``wanted`` (the section, and its days) shows was read."""

    wanted: object
    answer: SectionAnswer


@dataclass(eq=False)
class DrawerRead(Answer):
    """The drawer as it stands, before it is counted; None if it was never opened."""

    drawer: Drawer | None


@dataclass(eq=False)
class EntriesRead(Answer):
    """Entries behind a figure."""

    entries: tuple[EntryLine, ...]


@dataclass(eq=False)
class ExplainedRead(Answer):
    """A figure was opened."""

    explained: Explained

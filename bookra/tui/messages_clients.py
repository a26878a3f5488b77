"""What the desk answered about clients, as messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bookra.tui.messages import Answer

if TYPE_CHECKING:
    from bookra.tui.desk import CustomerChoice
    from bookra.tui.desk.clients import ClientCard


@dataclass(eq=False)
class ClientsRead(Answer):
    """The clients that match ``text``."""

    text: str
    clients: tuple[CustomerChoice, ...]


@dataclass(eq=False)
class ClientRead(Answer):
    """All that is known of one client."""

    card: ClientCard


@dataclass(eq=False)
class FieldsChecked(Answer):
    """Phone and e-mail of a form can be such; ``typed`` are the two as they were written."""

    typed: tuple[str, str]

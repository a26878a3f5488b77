"""What the screen of the money asks of the desk."""

from __future__ import annotations

from typing import Protocol


class MoneyDesk(Protocol):
    """Questions and verbs of the screen of the money."""

"""What the screen of the clients asks of the desk."""

from __future__ import annotations

from typing import Protocol


class ClientsDesk(Protocol):
    """Questions and verbs of the screen of the clients."""

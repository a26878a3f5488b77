"""What the screen of operations asks of the desk."""

from __future__ import annotations

from typing import Protocol


class OpsDesk(Protocol):
    """Questions and verbs of the screen of operations."""

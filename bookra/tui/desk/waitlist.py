"""What the waitlist asks of the desk."""

from __future__ import annotations

from typing import Protocol


class WaitlistDesk(Protocol):
    """Questions and verbs of the waitlist."""

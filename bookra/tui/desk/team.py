"""What the screen of the team asks of the desk."""

from __future__ import annotations

from typing import Protocol


class TeamDesk(Protocol):
    """Questions and verbs of the screen of the team."""

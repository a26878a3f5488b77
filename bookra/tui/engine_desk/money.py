"""The screen of the money over the engine."""

from __future__ import annotations

from bookra.tui.engine_desk.counter import Counter


class EngineMoney(Counter):
    """Questions and verbs of the screen of the money, one transaction each."""

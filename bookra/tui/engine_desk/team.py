"""The screen of the team over the engine."""

from __future__ import annotations

from bookra.tui.engine_desk.counter import Counter


class EngineTeam(Counter):
    """Questions and verbs of the screen of the team, one transaction each."""

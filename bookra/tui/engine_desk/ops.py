"""The screen of operations over the engine."""

from __future__ import annotations

from bookra.tui.engine_desk.counter import Counter


class EngineOps(Counter):
    """Questions and verbs of the screen of operations, one transaction each."""

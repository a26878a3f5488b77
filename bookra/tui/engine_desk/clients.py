"""The screen of the clients over the engine."""

from __future__ import annotations

from bookra.tui.engine_desk.counter import Counter


class EngineClients(Counter):
    """Questions and verbs of the screen of the clients, one transaction each."""

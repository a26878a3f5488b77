"""The waitlist over the engine."""

from __future__ import annotations

from bookra.tui.engine_desk.counter import Counter


class EngineWaitlist(Counter):
    """Questions and verbs of the waitlist, one transaction each."""

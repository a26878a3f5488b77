"""Crash points: SIGKILL at a named step, to prove that a kill there loses and doubles nothing.

``BOOKRA_CRASH=step`` or ``step:topic`` arms one. It is read only under pytest, or for a delivery
to a stand-in, so that no variable can stop a relay that moves real money.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

STEPS = ("claimed", "before-call", "after-call", "before-settle", "settled")


def armed() -> bool:
    """Tell whether any step is armed: what settles many rows asks once."""
    return "BOOKRA_CRASH" in os.environ


def point(step: str, topic: str, sandboxed: Callable[[], bool]) -> None:
    """Kill this process at ``step`` of a delivery of ``topic``, when that was armed."""
    armed = os.environ.get("BOOKRA_CRASH")
    if not armed:
        return
    wanted, _, only = armed.partition(":")
    if wanted != step or only not in ("", topic):
        return
    if "PYTEST_CURRENT_TEST" in os.environ or sandboxed():
        os.kill(os.getpid(), signal.SIGKILL)

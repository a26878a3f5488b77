"""How long the tests of the front desk wait: until there is nothing to do, and no longer."""

from __future__ import annotations

import asyncio

import pytest

BREATH_SECONDS = 0.003
"""Longer than the gap between two paintings (bookra/tui/__init__.py)."""
LONGEST = 500
"""Turns of the loop after which something keeps it busy for ever."""


@pytest.fixture(autouse=True)
def _no_idle_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask the loop whether it is idle; Textual watches the processor's time, 20 ms at a time."""
    for place in ("textual.app", "textual.pilot"):
        monkeypatch.setattr(f"{place}.wait_for_idle", nothing_to_do)
    monkeypatch.setattr("bookra.tui.widgets.inspector.REST_SECONDS", 0.001)


async def nothing_to_do(_least: float = 0, _most: float = 1) -> None:
    """Return when no task of the loop could go on, and the next painting is over."""
    await _drained()
    await asyncio.sleep(BREATH_SECONDS)
    await _drained()


async def _drained() -> None:
    waiting = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]  # no other way to see it
    for _ in range(LONGEST):
        await asyncio.sleep(0)
        if not waiting:
            return

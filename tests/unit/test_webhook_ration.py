"""Refused webhooks are logged some at a time, and none of the rest goes uncounted."""

from __future__ import annotations

from bookra.relay.webhooks.rationing import LINES, WINDOW_SECONDS, Ration


def test_a_flood_is_logged_in_part_and_then_counted() -> None:
    now = [0.0]
    ration = Ration(clock=lambda: now[0])
    assert [ration.take() for _ in range(LINES)] == [(True, 0)] * LINES
    assert [ration.take() for _ in range(500)] == [(False, 0)] * 500
    now[0] = WINDOW_SECONDS
    assert ration.take() == (True, 500)
    assert ration.take() == (True, 0)

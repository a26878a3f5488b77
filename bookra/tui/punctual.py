"""Timers that go off once, however busy the machine is.

Textual lets a timer leave out the ticks that it is late for. One that has a single tick is late
for it when the program is put aside, just as the timer is started, for longer than it would have
waited: then it never goes off. A panel would wait for its details for ever, and a terminal that
was resized in that moment would keep its old size, whatever size it got afterwards.
"""

from __future__ import annotations

from textual.message_pump import MessagePump
from textual.timer import Timer, TimerCallback


class Punctual(MessagePump):
    """A widget or an app whose timers are late rather than left out."""

    def set_timer(
        self,
        delay: float,
        callback: TimerCallback | None = None,
        *,
        name: str | None = None,
        pause: bool = False,
    ) -> Timer:
        """Call ``callback`` after ``delay`` seconds (see Textual's method)."""
        timer = super().set_timer(delay, callback, name=name, pause=pause)
        timer._skip = False  # it runs from the loop's next turn on
        return timer

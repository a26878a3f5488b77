"""What the terminal sends can't end the desk, and a bug that does ends it as it ends any command.

Textual reads the keys strictly as UTF-8: one byte that is none (an old encoding, a report of the
mouse, a binary that is pasted) ends the thread that reads them, and with it the program. And it
shows a traceback with the values of variables, of clients too, and ends with 0.
"""

from __future__ import annotations

import sys
from codecs import IncrementalDecoder, getincrementaldecoder
from functools import partial

from rich.console import RenderableType
from textual.app import App
from textual.driver import Driver

DECODER = "getincrementaldecoder"
"""By which name the drivers know how to decode."""


class Sturdy(App[None]):
    """An app that takes any bytes for keys, and leaves it to its caller to tell of a bug."""

    def get_driver_class(self) -> type[Driver]:
        """Return the terminal's driver (see Textual's method), which reads forgivingly."""
        found = super().get_driver_class()
        module = sys.modules[found.__module__]
        if hasattr(module, DECODER):
            setattr(module, DECODER, _forgiving)
        return found

    def run_or_raise(self) -> None:
        """Run until the operator leaves; raises what ended it otherwise."""
        self.run()
        if self._exception is not None:
            raise self._exception
        if self.return_code:
            raise SystemExit(self.return_code)

    def panic(self, *renderables: RenderableType) -> None:
        """End with an exit code that says so (see Textual's method)."""
        self._return_code = 1
        super().panic(*renderables)

    def _fatal_error(self) -> None:
        """End; what it was is told by who ran the app."""
        self._close_messages_no_wait()


def _forgiving(encoding: str) -> partial[IncrementalDecoder]:
    return partial(getincrementaldecoder(encoding), errors="replace")

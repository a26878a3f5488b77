"""How the story is told: steps with ticks, progress, the proofs, and what to try next."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from bookra.commands.story.cast import BUSINESSES
from bookra.config import default_home

if TYPE_CHECKING:
    from bookra.commands.story.proofs import Proof
    from bookra.config import Settings
    from bookra.engine.runtime import Engine

GOOD, BAD = "✓", "✗"


class Teller:
    """Tells the story on stdout; progress moves on a terminal only."""

    def __init__(self) -> None:
        self.console = Console(no_color=bool(os.environ.get("NO_COLOR")), highlight=False)
        self.failed: list[str] = []
        self._notes: list[str] = []
        self.console.print()
        self.console.print(
            Panel(
                Text.assemble(
                    ("Bookra", "bold"), "  two businesses, one fortnight, and every promise proven"
                ),
                border_style="magenta",
                expand=False,
            )
        )

    def heading(self, text: str) -> None:
        """Print a heading."""
        self.console.print()
        self.console.print(Text(text, style="bold"))

    def note(self, text: str) -> None:
        """Add a line below the step that is running, or the one just told."""
        self._notes.append(text)
        if not self._running:
            self._flush()

    _running = False

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Tell one step: a spinner while it runs, a tick with its time when it is done."""
        began, self._running = time.monotonic(), True
        try:
            with self.console.status(title, spinner="dots"):
                yield
        finally:
            self._running = False
        self._done(title, began)

    @contextmanager
    def progress(self, title: str, total: int) -> Iterator[Callable[..., None]]:
        """Tell a long step with a bar; yields a function that moves it on."""
        began, self._running = time.monotonic(), True
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(28))
        try:
            with Progress(
                *columns,
                MofNCompleteColumn(),
                console=self.console,
                transient=True,
                disable=not sys.stdout.isatty(),
            ) as bar:
                task = bar.add_task(title, total=max(total, 1))
                yield lambda steps=1: bar.advance(task, steps)
        finally:
            self._running = False
        self._done(title, began)

    def claim(self, text: str, holds: bool) -> None:
        """Print a claim with its mark and remember it when it does not hold."""
        mark, style = (GOOD, "green") if holds else (BAD, "bold red")
        self.console.print(Text.assemble("    ", (f"{mark} {text}", style)))
        if not holds:
            self.failed.append(text)

    def proof(self, proof: Proof) -> None:
        """Print a proof with its evidence."""
        mark, style = (GOOD, "green") if proof.holds else (BAD, "bold red")
        line = Text.assemble("  ", (mark, style), f" {proof.claim}  ", (proof.evidence, "dim"))
        self.console.print(line)
        if not proof.holds:
            self.failed.append(proof.claim)

    def figures(self, engine: Engine) -> None:
        """Print what each business took, as its ledger has it."""
        from bookra.engine.ledger.store import balances

        table = Table(box=None, padding=(0, 2, 0, 2), header_style="dim")
        names = ("services", "tax", "Stripe fees", "platform fees", "commission", "at Stripe")
        codes = (
            "income:services",
            "liabilities:tax",
            "expenses:stripe-fees",
            "expenses:platform-fees",
            "expenses:commission",
            "assets:stripe:available",
        )
        table.add_column("")
        for name in (*names, "in the drawer"):
            table.add_column(name, justify="right")
        for business in BUSINESSES:
            found = engine.ask(business.slug, balances)
            cells = []
            for code in (*codes, "assets:cash:drawer"):
                parts = [item.balance for item in found if item.code.startswith(code)]
                total = abs(sum(part.minor for part in parts))
                cells.append(str(type(parts[0])(total, parts[0].currency)) if parts else "–")
            table.add_row(Text(business.name, style="bold"), *cells)
        self.heading("The ledgers")
        self.console.print(table)

    def farewell(self, settings: Settings, seconds: float) -> None:
        """Say how it went and exactly what to type next."""
        self.console.print()
        if self.failed:
            self.console.print(Text(f"{len(self.failed)} proofs failed.", style="bold red"))
        else:
            self.console.print(
                Text(f"Every proof holds. {seconds:.0f} seconds.", style="bold green")
            )
        prefix = _prefix(settings)
        lines = [
            (f"{prefix} -t luna tui", "the front desk of today"),
            (f"{prefix} -t luna day", "the same as a list"),
            (f"{prefix} -t northlight slots session --from tomorrow --limit 5", "what is free"),
            (f"{prefix} -t luna ledger accounts", "every balance"),
            (f"{prefix} -t luna invoice list", "the invoices; then: invoice pdf NUMBER"),
            (f"{prefix} sandbox run", "the stand-ins, in a second terminal"),
            (f"{prefix} relay run", "the relay, in a third one"),
            (f"{prefix} demo --reset", "drop this database alone"),
        ]
        self.heading("Look around")
        width = max(len(command) for command, _ in lines)
        for command, meaning in lines:
            self.console.print(
                Text.assemble("  ", (command.ljust(width), "cyan"), "  ", (meaning, "dim")),
                soft_wrap=True,
            )

    def _done(self, title: str, began: float) -> None:
        spent = f"{time.monotonic() - began:.1f} s"
        self.console.print(Text.assemble((GOOD, "green"), f" {title} ", (spent, "dim")))
        self._flush()

    def _flush(self) -> None:
        for note in self._notes:
            self.console.print(Text(f"    {note}", style="dim"))
        self._notes.clear()


def _prefix(settings: Settings) -> str:
    """Return how to call this Bookra on the demo's database, from this folder."""
    called = Path(sys.argv[0])
    program = "bookra"
    if called.name == "__main__.py":
        program = "python -m bookra"
    elif called.is_absolute() and called.is_relative_to(Path.cwd()):
        program = str(called.relative_to(Path.cwd()))
    elif len(called.parts) > 1 and not called.is_absolute():
        program = str(called)
    home = "" if settings.home == default_home() else f" --home {settings.home}"
    return f"{program} --database {settings.database}{home}"

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
from bookra.money import Money

if TYPE_CHECKING:
    from bookra.commands.story.proofs import Proof
    from bookra.config import Settings
    from bookra.engine.runtime import Engine

GOOD, BAD = "✓", "✗"

FIGURES = (
    ("services sold, net", "income:services"),
    ("tax owed", "liabilities:tax:"),
    ("commission owed", "liabilities:commission:"),
    ("Stripe's fees", "expenses:stripe-fees"),
    ("the platform's fees", "expenses:platform-fees"),
    ("held at Stripe", "assets:stripe:available"),
    ("in the drawer", "assets:cash:drawer"),
)


class Teller:
    """Tells the story on stdout; progress moves on a terminal only."""

    def __init__(self) -> None:
        self.console = Console(no_color=bool(os.environ.get("NO_COLOR")), highlight=False)
        self.failed: list[str] = []
        self._notes: list[str] = []
        self._about = ""
        self._running = False
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
        """Print a proof with its evidence, under the name of its business."""
        if proof.about != self._about:
            self._about = proof.about
            self.console.print(Text(f"  {proof.about}", style="bold"))
        mark, style = (GOOD, "green") if proof.holds else (BAD, "bold red")
        line = Text.assemble(
            "    ", (mark, style), f" {proof.claim}", ("  " + proof.evidence, "dim")
        )
        self.console.print(line, soft_wrap=True)
        if not proof.holds:
            self.failed.append(f"{proof.about}: {proof.claim}")

    def figures(self, engine: Engine) -> None:
        """Print what each business took, as its ledger has it: a column a business."""
        from bookra.engine.ledger.store import balances

        held = {b.slug: engine.ask(b.slug, balances) for b in BUSINESSES}
        table = Table(box=None, padding=(0, 0, 0, 4), header_style="bold", show_header=True)
        table.add_column("", style="dim")
        for business in BUSINESSES:
            table.add_column(business.name, justify="right")
        for name, code in FIGURES:
            cells = []
            for business in BUSINESSES:
                parts = [a.balance.minor for a in held[business.slug] if a.code.startswith(code)]
                cells.append(str(Money(abs(sum(parts)), business.currency)))
            table.add_row(name, *cells)
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
            (f"{prefix} -t northlight slots session --from tomorrow", "what is free tomorrow"),
            (f"{prefix} -t luna ledger accounts", "every balance"),
            (f"{prefix} -t luna invoice list", "the invoices"),
            (f"{prefix} sandbox run", "stand-ins, second terminal"),
            (f"{prefix} relay run", "the relay, third terminal"),
            (f"{prefix} demo --reset", "drop this database alone"),
        ]
        self.heading("Look around")
        for command, meaning in lines:
            line = Text.assemble("  ", (meaning.ljust(28), "dim"), (command, "cyan"))
            self.console.print(line, soft_wrap=True)

    def _done(self, title: str, began: float) -> None:
        spent = f"{time.monotonic() - began:.1f} s"
        self.console.print(Text.assemble((GOOD, "green"), f" {title} ", (spent, "dim")))
        self._flush()

    def _flush(self) -> None:
        for note in self._notes:
            self.console.print(Text(f"    {note}", style="dim"), soft_wrap=True)
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

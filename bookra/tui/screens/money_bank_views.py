"""The sections of the money that managers see: the bank with the proof, and pay."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.widgets import Static

from bookra.tui.desk.money_values import BankPayout, PayRun, Proof
from bookra.tui.screens import money_text as written
from bookra.tui.screens.money_text import word
from bookra.tui.screens.money_views import View
from bookra.tui.text import clean
from bookra.tui.widgets.listing import Cell, Column, Listing, Row

PAYOUT_STATES = {
    "paid": "$text-success",
    "failed": "bold $text-error",
    "canceled": "$text-muted",
}


class BankView(View):
    """Whether the ledger equals Stripe, and what Stripe paid to the bank."""

    def compose(self) -> ComposeResult:
        """Put the proof over the payouts."""
        yield Static(id="proof", markup=False)
        columns = (
            Column("Payout", weight=2),
            Column("Amount", 12, right=True),
            Column("State", 12),
            Column("Arrives", 10),
            Column("Carries", 8, right=True),
            Column("At the bank", 11, least=70),
            Column("Failure", weight=1, least=110),
        )
        yield Listing(columns, empty="Stripe has paid nothing to the bank yet")
        self._proof: Proof | None = None

    def show(self, answer: tuple[Proof, Sequence[BankPayout]]) -> None:
        """Show the proof and the payouts."""
        self._proof, payouts = answer
        rows = [
            Row(
                one.ref,
                (
                    one.ref,
                    self.look.money(one.amount),
                    (word(one.state), PAYOUT_STATES.get(one.state, "")),
                    self.look.day(one.arrives_on) if one.arrives_on else "",
                    str(one.members),
                    "matched" if one.received else "",
                    clean(one.failure),
                ),
                dim=one.state == "canceled",
            )
            for one in payouts
        ]
        self.query_one(Listing).show(rows)
        self.show_proof()

    def show_proof(self, seconds: int | None = None) -> None:
        """Say how the proof stands; ``seconds`` is for how long it is being made, if it is."""
        if self._proof is not None:
            content = written.proof(self.look, self._proof, seconds=seconds)
            self.query_one("#proof", Static).update(content)


class PayView(View):
    """What staff are owed and paid, period by period."""

    def compose(self) -> ComposeResult:
        """Put the list alone."""
        columns = (
            Column("Period", 11),
            Column("Who", weight=1),
            Column("Earned", 11, right=True),
            Column("Tips", 10, right=True),
            Column("Back", 10, right=True, least=90),
            Column("Rent", 10, right=True, least=90),
            Column("Carried", 10, right=True, least=90),
            Column("To pay", 11, right=True),
            Column("State", 9),
        )
        yield Listing(columns, empty="No pay runs yet: bookra payout run --period previous")

    def show(self, runs: Sequence[PayRun]) -> None:
        """List pay runs."""
        self.query_one(Listing).show([self._row(one) for one in runs])

    def _row(self, one: PayRun) -> Row:
        amounts = (one.earned, one.tips, one.clawback, one.rent, one.carried)
        shown = [self.look.money(amount) if amount else "" for amount in amounts]
        style = "$text-success" if one.state == "paid" else ""
        cells: tuple[Cell, ...] = (
            one.period,
            clean(one.name),
            *shown,
            (self.look.money(one.net), "bold"),
            (word(one.state), style),
        )
        return Row(one.id, cells, dim=one.state == "carried")

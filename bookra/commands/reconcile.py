"""``bookra reconcile``: prove that the ledger equals what Stripe moved."""

from __future__ import annotations

from bookra.commands import documents, output
from bookra.commands.options import group
from bookra.commands.session import current
from bookra.errors import CheckFailedError

app = group("Prove that the ledger equals what Stripe moved.")


@app.callback()
def nouns() -> None:
    """Prove that the ledger equals what Stripe moved."""


@app.command()
def stripe() -> None:
    """Compare the ledger with Stripe's balance transactions, one to one and to the cent.

    Exits 8 when they disagree; the drift is still printed.

    Examples:

      bookra reconcile stripe --json
    """
    from bookra.engine.reports.reconcile import reconcile
    from bookra.relay.facts import stripe_facts

    session = current()
    facts = stripe_facts(session.engine, session.settings, session.tenant)
    found = session.ask(lambda tx: reconcile(tx, facts.movements, facts.held))
    drift = [
        {"class": item.kind, "id": item.id, "amount": documents.money(item.amount)}
        for item in found.drift
    ]
    output.record(
        {
            "ok": found.ok,
            "currency": found.currency,
            "ledger": documents.money(found.ledger),
            "stripe": documents.money(found.stripe),
            "difference": documents.money(found.difference),
            "entries": found.entries,
            "balance_transactions": found.balance_transactions,
            "drift": drift,
        }
    )
    if not found.ok:
        raise CheckFailedError(
            "drift",
            f"The ledger and Stripe differ by {found.difference}, in {len(drift)} places",
            hint="If the relay is behind, let it catch up: bookra relay drain",
            details={"drift": drift},
        )

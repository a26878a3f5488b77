"""``bookra reconcile``: prove that the ledger equals what Stripe moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import documents, output
from bookra.commands.options import group
from bookra.commands.session import current
from bookra.errors import CheckFailedError

if TYPE_CHECKING:
    from bookra.engine.payments.bank_payouts import BankPayout
    from bookra.engine.reports.reconcile_model import Period, Reconciliation

app = group("Prove that the ledger equals what Stripe moved.")

From = Annotated[str | None, typer.Option("--from", help="First day of the roll-forward.")]
BEHIND = (
    "If the relay is behind, let it catch up: bookra relay drain;"
    " or fetch what is missing: bookra reconcile stripe --repair"
)
ORPHANS = (
    "Give each back in Stripe's dashboard (at the stand-in: bookra sandbox refund ID),"
    " then: bookra reconcile stripe --repair"
)

To = Annotated[str | None, typer.Option("--to", help="Its last day.")]


@app.callback()
def nouns() -> None:
    """Prove that the ledger equals what Stripe moved."""


@app.command()
def stripe(
    from_day: From = None,
    to_day: To = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Fetch what is missing here first, and say what.")
    ] = False,
) -> None:
    """Prove in six parts, to the cent, that the ledger equals what Stripe moved.

    Stripe is always asked afresh for all that ever moved; --from and --to choose the days of the
    roll-forward and the payouts. Exits 8 when a part does not hold, or can't be proven because
    Stripe's answer was empty or broke off; the proof is still printed. --repair takes over what
    the relay has missed, never more: it does not change what is here, nor invent what is not.

    Examples:

      bookra reconcile stripe --json
      bookra reconcile stripe --from 2026-11-01 --to 2026-11-30
      bookra reconcile stripe --repair
    """
    from bookra.commands.reconcile_shown import document, show
    from bookra.relay.facts import prove_stripe
    from bookra.relay.repairing import repair_stripe

    session = current()
    period = _period(from_day, to_day)
    with session.alone("reconcile stripe"):
        mended = repair_stripe(session.engine, session.settings, session.tenant) if repair else None
        reading = session.engine if repair else session.reading
        found = prove_stripe(reading, session.settings, session.tenant, period)
    now = session.ask(lambda tx: tx.now)
    if session.format == "table":
        show(found, now, mended)
    else:
        output.record(document(found, now, mended))
    _refuse(found)


@app.command()
def payouts(
    limit: Annotated[int, typer.Option(help="At most so many, the newest.", min=1)] = 50,
) -> None:
    """List Stripe's payouts to the bank: how far each is, and what it carries.

    Examples:

      bookra reconcile payouts --json
    """
    from bookra.engine.payments.bank_payouts import bank_payouts

    session = current()
    found = session.report(lambda tx: [_payout(item) for item in bank_payouts(tx, limit=limit)])
    columns = ("payout", "amount", "status", "arrives_on", "received", "members", "failure")
    output.rows(found, columns, empty="Stripe has paid nothing out yet.")


def _payout(item: BankPayout) -> dict[str, Any]:
    return {
        "payout": item.payout_ref,
        "amount": documents.money(item.amount),
        "status": item.state,
        "automatic": item.automatic,
        "arrives_on": item.arrives_on.isoformat() if item.arrives_on else None,
        "received": item.received,
        "members": item.members,
        "failure": item.failure,
    }


def _period(from_day: str | None, to_day: str | None) -> Period:
    """Return the days in the business's zone; raises InvalidInputError for a day that is none."""
    from datetime import timedelta

    from bookra.clock import from_epoch, opening, parse_day
    from bookra.engine.reports.reconcile_model import Period

    tenant, now = current().ask(lambda tx: (tx.tenant, tx.now))
    start = parse_day(from_day, tenant.zone, now) if from_day else None
    last = parse_day(to_day, tenant.zone, now) if to_day else None
    end = last + timedelta(days=1) if last else None
    return Period(
        from_epoch(opening(start, 0, tenant.zone)) if start else None,
        from_epoch(opening(end, 0, tenant.zone)) if end else None,
    )


def _refuse(found: tuple[Reconciliation, ...]) -> None:
    """Raise CheckFailedError (``drift``, ``not_proven``) unless every part holds."""
    from bookra.commands.reconcile_shown import drift_of

    if all(one.ok for one in found):
        return
    drift = [drift_of(item) for one in found for item in one.drift]
    broken = [part for one in found for part in one.proof if not part.ok]
    if not drift and "not proven" in broken[0].shows:
        raise CheckFailedError("not_proven", f"Nothing is proven; {broken[0].shows}")
    kinds = {item["class"] for item in drift}
    raise CheckFailedError(
        "drift",
        f"The ledger and Stripe differ by {found[0].difference}; what does not hold:"
        f" {', '.join(dict.fromkeys(part.name for part in broken))}",
        hint=ORPHANS if kinds == {"orphan"} else BEHIND,
        details={"drift": drift},
    )

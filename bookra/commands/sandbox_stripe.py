"""``bookra sandbox refund|dispute|payout…``: what happens at Stripe without our asking.

They are what a person does in Stripe's dashboard, or what a bank does: the relay learns of it
as it would of the real thing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bookra.commands import output
from bookra.commands.options import group
from bookra.commands.session import current
from bookra.config import sandbox_address
from bookra.errors import InvalidInputError, UsageError
from bookra.money import from_stripe, parse_amount, to_stripe

if TYPE_CHECKING:
    from typing import Any

    from bookra.sandbox import SandboxClient

stripe = group("What only Stripe does: let an account's owner be onboarded.")

Charge = Annotated[str, typer.Argument(help="A charge, or the code of a booking paid by card.")]
Amount = Annotated[str | None, typer.Option(help="A part of it, such as 12.50.")]
Refund = Annotated[str, typer.Argument(help="The refund: re_…")]


def add_stripe(app: typer.Typer) -> None:
    """Add these verbs to ``bookra sandbox``, and the noun of what only Stripe does."""
    app.add_typer(stripe, name="stripe")
    for name, verb in (
        ("refund", refund),
        ("settle-refund", settle_refund),
        ("fail-refund", fail_refund),
        ("dispute", dispute),
        ("dispute-close", dispute_close),
        ("payout", payout),
    ):
        app.command(name)(verb)


@stripe.command()
def onboard(
    account: Annotated[
        str | None, typer.Argument(help="acct_…; the business's own by default.")
    ] = None,
    due: Annotated[
        list[str] | None, typer.Option(help="What Stripe wants even then: restricts it.")
    ] = None,
) -> None:
    """Let an account's owner fill in Stripe's forms: it may take payments, or is restricted.

    Examples:

      bookra sandbox stripe onboard
      bookra sandbox stripe onboard acct_1… --due external_account
    """
    told = _client().onboard(account or _own_account(), due or ())
    output.record(
        {
            "id": told["id"],
            "charges": told["charges_enabled"],
            "payouts": told["payouts_enabled"],
            "due": told["requirements"]["currently_due"],
        }
    )


def refund(charge: Charge, amount: Amount = None) -> None:
    """Refund a charge as in Stripe's dashboard: past Bookra, which learns of it afterwards.

    Examples:

      bookra sandbox refund LUN-7F3K
      bookra sandbox refund ch_3… --amount 12.50
    """
    _shown(_client().refund(charge, amount=_minor(amount)))


def settle_refund(refund: Refund) -> None:
    """Let a refund that is pending succeed (of the test card refund-pending).

    Examples:

      bookra sandbox settle-refund re_3…
    """
    _shown(_client().settle_refund(refund))


def fail_refund(refund: Refund) -> None:
    """Let a refund fail, pending or done: the customer's bank did not take the money.

    Examples:

      bookra sandbox fail-refund re_3…
    """
    _shown(_client().fail_refund(None, refund))


def dispute(charge: Charge, amount: Amount = None) -> None:
    """Let the customer's bank take a charge back, with a fee.

    Examples:

      bookra sandbox dispute LUN-7F3K
    """
    _shown(_client().open_dispute(None, charge, amount=_minor(amount)))


def dispute_close(
    dispute: Annotated[str, typer.Argument(help="The dispute: du_…")],
    won: Annotated[bool, typer.Option("--won/--lost", help="What the bank decides.")],
) -> None:
    """Let the bank decide a dispute.

    Examples:

      bookra sandbox dispute-close du_1… --won
    """
    _shown(_client().close_dispute(None, dispute, "won" if won else "lost"))


def payout(
    account: Annotated[
        str | None, typer.Option(help="A Stripe account; the business's own by default.")
    ] = None,
    fail: Annotated[bool, typer.Option("--fail", help="The bank sends it back.")] = False,
    failed: Annotated[str | None, typer.Option(help="Let this earlier payout fail: po_…")] = None,
) -> None:
    """Pay out all that Stripe holds, pending money too, and let it arrive at the bank.

    Examples:

      bookra sandbox payout
      bookra sandbox payout --fail
      bookra sandbox payout --failed po_1…
    """
    client = _client()
    if failed is not None:
        made = [client.settle_payout(None, failed, "failed")]
    else:
        made = client.run_payouts(account or _own_account(), early=True)
        becomes = ["paid", "failed"] if fail else ["paid"]
        for state in becomes:
            made = [client.settle_payout(None, one["id"], state) for one in made]
    columns = ("id", "status", "amount")
    output.rows([_document(one) for one in made], columns, empty="There is nothing to pay out.")


def _client() -> SandboxClient:
    from bookra.sandbox import SandboxClient

    return SandboxClient(sandbox_address(current().settings))


def _minor(amount: str | None) -> int | None:
    """Return an amount in Stripe's units of the currency of the business in use."""
    if amount is None:
        return None
    session = current()
    return to_stripe(parse_amount(amount, session.ask(lambda tx: tx.tenant.currency)))


def _own_account() -> str:
    """Return the stand-in's account of the business in use; raises BookraError without one."""
    from bookra.engine.tenancy.providers import account

    session = current()
    if session.settings.tenant is None:
        raise UsageError("usage", "Name the account, or a business", hint="--account acct_…")
    found = session.ask(lambda tx: account(tx, "stripe"))
    if found is None or not found.sandbox:
        raise InvalidInputError(
            "not_in_sandbox",
            f"{session.tenant} has no account at the stand-in",
            hint="Connect it: bookra tenant provider set stripe --sandbox",
        )
    return found.config["account"]


def _shown(made: dict[str, Any]) -> None:
    output.record(_document(made))


def _document(made: dict[str, Any]) -> dict[str, Any]:
    money = from_stripe(made["amount"], made["currency"])
    return {
        "id": made["id"],
        "kind": made["object"],
        "status": made["status"],
        "charge": made.get("charge"),
        "amount": {"amount_minor": money.minor, "currency": money.currency},
    }

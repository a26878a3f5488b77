"""``bookra tenant rules``: what holds for every service that has no rule of its own."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, cast

import typer

from bookra.commands import output
from bookra.commands.options import DryRun, Key
from bookra.commands.session import current
from bookra.errors import InvalidInputError
from bookra.money import rate_bps

if TYPE_CHECKING:
    from bookra.engine.tenancy.rules import RuleChanges


def rules(
    slug: Annotated[str | None, typer.Argument(help="The business's slug.")] = None,
    granularity: Annotated[
        int | None, typer.Option(help="Starts lie so many minutes apart.")
    ] = None,
    notice: Annotated[int | None, typer.Option(help="Minutes between booking and start.")] = None,
    horizon: Annotated[int | None, typer.Option(help="Days ahead that can be booked.")] = None,
    hold_minutes: Annotated[int | None, typer.Option(help="How long a hold lasts.")] = None,
    waitlist_rule: Annotated[
        str | None, typer.Option(help="Who is offered first: first, best-fit or highest-value.")
    ] = None,
    waitlist_hold: Annotated[int | None, typer.Option(help="Minutes that an offer stands.")] = None,
    keep_days: Annotated[
        int | None, typer.Option(help="Days that effects, answers and runs are kept once done.")
    ] = None,
    erase_after: Annotated[
        str | None,
        typer.Option(help="Days after which customers who don't come are erased, or 'never'."),
    ] = None,
    front_desk_discount: Annotated[
        str | None,
        typer.Option(help="The most that a front desk may take off a price by hand: '20%'."),
    ] = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Show the rules of a business, or change those given, for bookings from now on.

    Examples:

      bookra tenant rules
      bookra tenant rules luna --notice 120 --horizon 90 --granularity 30
      bookra tenant rules --waitlist-rule best-fit --waitlist-hold 45
      bookra tenant rules --keep-days 730
      bookra tenant rules --erase-after 1095
      bookra tenant rules --front-desk-discount 20%
    """
    from bookra.engine.tenancy.once import once
    from bookra.engine.tenancy.rules import rules as rules_of
    from bookra.engine.tenancy.rules import set_rules

    options = {
        "granularity_minutes": granularity,
        "notice_minutes": notice,
        "horizon_days": horizon,
        "hold_minutes": hold_minutes,
        "waitlist_rule": waitlist_rule,
        "waitlist_hold_minutes": waitlist_hold,
        "keep_days": keep_days,
    }
    given: dict[str, int | str | None] = {
        name: value for name, value in options.items() if value is not None
    }
    if erase_after is not None:
        given["erase_after_days"] = _days(erase_after)
    if front_desk_discount is not None:
        given["front_desk_discount_bps"] = rate_bps(front_desk_discount)
    session, wanted = current(), slug or current().tenant
    if not given:
        output.record(session.engine.ask(wanted, lambda tx: asdict(rules_of(tx))))
        return
    changes = cast("RuleChanges", given)
    output.record(
        session.engine.act(
            wanted,
            lambda tx: once(
                tx, key, "tenant rules", {"rules": given}, lambda: asdict(set_rules(tx, changes))
            ),
            command="tenant rules",
            dry_run=dry_run,
        )
    )


def _days(word: str) -> int | None:
    if word == "never":
        return None
    if not word.isdecimal():
        raise InvalidInputError(
            "bad_rule", f"'{word}' is no number of days", hint="Such as 1095, or never"
        )
    return int(word)

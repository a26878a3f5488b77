"""``bookra waitlist``: who would take an opening, and who is offered one."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import documents, output, waitlist_documents
from bookra.commands.options import DryRun, Key, group
from bookra.commands.session import current
from bookra.errors import UsageError

if TYPE_CHECKING:
    from bookra.engine.bookings.waitlist.openings import Offered
    from bookra.engine.runtime import Tx

app = group("The waitlist: add, list, show, offer, accept, withdraw.")

Code = Annotated[str, typer.Argument(help="The wish's code, such as W-7F3K.")]
Windows = Annotated[
    list[str] | None,
    typer.Option("--window", help="'thu 14:00-18:00', 'mon-fri 09:00-12:00'; may be repeated."),
]
From = Annotated[
    list[str] | None, typer.Option("--from", help="A window's beginning: a time or a day.")
]
To = Annotated[list[str] | None, typer.Option("--to", help="Its end; a day is included.")]
COLUMNS = ("code", "status", "customer", "service", "staff", "windows", "offer")
OFFER_COLUMNS = ("wish", "booking", "start", "staff", "service", "customer", "price", "held_until")


class RuleName(StrEnum):
    """The rules that give an opening to one of several."""

    FIRST = "first"
    BEST_FIT = "best-fit"
    HIGHEST_VALUE = "highest-value"


@app.command()
def add(
    service: Annotated[str, typer.Argument(help="The service's slug.")],
    customer: Annotated[str, typer.Option(help="Phone, e-mail, name or id.")],
    staff: Annotated[str, typer.Option(help="A slug, or 'any'.")] = "any",
    window: Windows = None,
    start: From = None,
    to: To = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Put a wish on the waitlist: the visit must start in one of its windows.

    Nothing is offered yet: what is free already is named, and offered by 'waitlist offer' or at
    the relay's next tick. The same wish again, while it is open, changes nothing.

    Examples:

      bookra waitlist add cut --customer 'Rosa Vega' --staff ana --window 'thu 14:00-18:00'
      bookra waitlist add cut --customer +4930901820 --window 'mon-fri 17:00-19:00' --window sat
      bookra waitlist add color --customer Rosa --from 2026-12-01 --to 2026-12-05
    """
    starts, ends, windows = start or [], to or [], window or []
    if len(starts) != len(ends):
        raise UsageError(
            "usage", "Each --from needs its --to", hint="See: bookra waitlist add --help"
        )

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.bookings.waitlist import actions as waitlist
        from bookra.engine.bookings.waitlist import windows as wish_windows
        from bookra.engine.people.customers import the_customer

        zone = tx.tenant.zone
        spans = [each for text in windows for each in wish_windows.parse_window(text, zone, tx.now)]
        for first, last in zip(starts, ends, strict=True):
            spans.append(wish_windows.parse_between(first, last, zone, tx.now))
        person = None if staff == "any" else staff
        request = waitlist.WishRequest(service, person, the_customer(tx, customer).id, spans)
        return waitlist_documents.added(waitlist.add_wish(tx, request), zone)

    parameters = {
        "service": service,
        "customer": customer,
        "staff": staff,
        "windows": windows,
        "between": [starts, ends],
    }
    document = current().write(
        "waitlist add", action, parameters=parameters, key=key, dry_run=dry_run
    )
    _record(document)
    opening = document["opening"]
    if opening is not None:
        code = document["code"]
        output.remark(
            f"Free already: {output.cell(opening['start'])} with {opening['staff']}."
            f" Offer it: bookra waitlist offer {code}"
        )


@app.command("list")
def list_(
    status: Annotated[
        str, typer.Option(help="open, all, waiting, offered, fulfilled, withdrawn or lapsed.")
    ] = "open",
) -> None:
    """List the wishes that are open, the oldest first.

    Examples:

      bookra waitlist list
      bookra waitlist list --status fulfilled --json
    """
    from bookra.engine.bookings.waitlist import store as wishes

    wanted = None if status in ("open", "all") else wishes.parse_status(status)

    def question(tx: Tx) -> list[dict[str, Any]]:
        found = wishes.open_wishes(tx) if status == "open" else wishes.wishes(tx, wanted)
        return [waitlist_documents.wish(wish, tx.tenant.zone) for wish in found]

    found = current().ask(question)
    output.rows([_readable(wish) for wish in found], COLUMNS, empty="Nobody waits.")


@app.command()
def show(code: Code) -> None:
    """Show a wish, and every offer that was made to it.

    Examples:

      bookra waitlist show W-7F3K --json
    """
    from bookra.engine.bookings.waitlist.store import wish_by_code

    _record(
        current().ask(lambda tx: waitlist_documents.wish(wish_by_code(tx, code), tx.tenant.zone))
    )


@app.command()
def offer(
    code: Annotated[str | None, typer.Argument(help="Only this wish, ahead of the line.")] = None,
    rule: Annotated[
        RuleName | None, typer.Option(help="How an opening is given, instead of the usual way.")
    ] = None,
    staff: Annotated[str | None, typer.Option(help="A certain time's person, with --at.")] = None,
    at: Annotated[str | None, typer.Option(help="A certain time, for this wish.")] = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Offer what is free to who waits for it, each as a hold for a while.

    Who gets an opening that several would take: 'first' the oldest wish, 'best-fit' the visit that
    makes the least time unusable, 'highest-value' the dearest; of equal ones the oldest. A hold
    that lapses goes to the next in line, by this command or by the relay. Running it again offers
    nothing twice.

    Examples:

      bookra waitlist offer
      bookra waitlist offer --rule best-fit --dry-run
      bookra waitlist offer W-7F3K
      bookra waitlist offer W-7F3K --staff ana --at 'thu 14:30'
    """
    if (staff is None) is not (at is None) or (at is not None and code is None):
        raise UsageError(
            "usage",
            "A certain time needs a wish, --staff and --at",
            hint="bookra waitlist offer -h",
        )

    def action(tx: Tx) -> dict[str, Any]:
        made = _offers(tx, code, rule, staff, at)
        return {"offers": [waitlist_documents.offered(each, tx.tenant.zone) for each in made]}

    parameters = {"code": code, "rule": rule}
    if at is not None:
        parameters |= {"staff": staff, "at": at}
    document = current().write(
        "waitlist offer", action, parameters=parameters, key=key, dry_run=dry_run
    )
    output.rows(document["offers"], OFFER_COLUMNS, empty="No opening fits who waits.")
    if dry_run:
        output.remark("A dry run: nothing was offered.")


@app.command()
def accept(code: Code, key: Key = None, dry_run: DryRun = False) -> None:
    """Confirm what a wish was offered; confirming or paying the held booking does the same.

    Examples:

      bookra waitlist accept W-7F3K
    """
    from bookra.engine.bookings.waitlist import actions as waitlist

    output.record(
        current().write(
            "waitlist accept",
            lambda tx: documents.booking(waitlist.accept(tx, code), tx.tenant.zone),
            parameters={"code": code},
            key=key,
            dry_run=dry_run,
        )
    )


@app.command()
def withdraw(code: Code, key: Key = None, dry_run: DryRun = False) -> None:
    """Take a wish off the list; what it was offered is free again at once.

    Examples:

      bookra waitlist withdraw W-7F3K
    """
    from bookra.engine.bookings.waitlist import actions as waitlist

    _record(
        current().write(
            "waitlist withdraw",
            lambda tx: waitlist_documents.wish(waitlist.withdraw(tx, code), tx.tenant.zone),
            parameters={"code": code},
            key=key,
            dry_run=dry_run,
        )
    )


def _offers(
    tx: Tx, code: str | None, rule: RuleName | None, staff: str | None, at: str | None
) -> list[Offered]:
    from bookra import clock
    from bookra.engine.bookings.waitlist.actions import offer_at, offer_to
    from bookra.engine.bookings.waitlist.openings import offer_openings
    from bookra.engine.bookings.waitlist.rules import Rule

    if code and staff and at:
        return [offer_at(tx, code, staff, clock.parse_moment(at, tx.tenant.zone, tx.now))]
    chosen = Rule(rule.value) if rule is not None else None
    return offer_to(tx, code, chosen) if code else offer_openings(tx, rule=chosen)


def _record(document: dict[str, Any]) -> None:
    output.record(_readable(document))


def _readable(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document for a person: spans and offers in words. Scripts get it as it is."""
    if current().format != "table":
        return document
    offered = document["offer"]
    shown = {**document, "windows": [_span(window) for window in document["windows"]]}
    shown["staff"] = document["staff"] or "any"
    if offered is not None:
        shown["offer"] = f"{offered['booking']} until {output.cell(offered['held_until'])}"
    shown["offers"] = [f"{each['booking']} {each['status']}" for each in document["offers"]]
    return {name: value for name, value in shown.items() if name not in ("opening", "customer_id")}


def _span(window: dict[str, str]) -> str:
    start, end = output.cell(window["start"]), output.cell(window["end"])
    same_day = start[:-6] == end[:-6]
    return f"{start}-{end[-5:]}" if same_day else f"{start} - {end}"

"""``bookra service``: what is sold, how long it takes, what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import documents, output
from bookra.commands.options import DryRun, Key, group
from bookra.commands.session import current
from bookra.errors import InvalidInputError
from bookra.money import parse_amount

if TYPE_CHECKING:
    from bookra.engine.catalog.model import Segment
    from bookra.engine.runtime import Tx

app = group("Services: add, list, show.")
Slug = Annotated[str, typer.Argument(help="The service's slug.")]
COLUMNS = ("slug", "name", "category", "minutes", "price", "segments")


@app.command()
def add(
    slug: Slug,
    name: Annotated[str, typer.Option(help="What customers call it.")],
    price: Annotated[str, typer.Option(help="Such as 45.00, in the business's currency.")],
    minutes: Annotated[int | None, typer.Option(help="How long it takes, all busy.")] = None,
    segments: Annotated[str | None, typer.Option(help="'busy 30,gap 20,busy 15'.")] = None,
    buffer_before: Annotated[int, typer.Option(help="Minutes kept free before.")] = 0,
    buffer_after: Annotated[int, typer.Option(help="Minutes kept free after.")] = 0,
    category: Annotated[str, typer.Option(help="A family of services.")] = "",
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Add a service. The same again changes nothing.

    Examples:

      bookra service add cut --name 'Cut & finish' --minutes 45 --price 45.00
      bookra service add balayage --name Balayage --segments 'busy 45,gap 30,busy 75' --price 165
    """
    from bookra.engine.catalog.actions import NewService, add_service

    parts = _segments(minutes, segments)

    def action(tx: Tx) -> dict[str, Any]:
        amount = parse_amount(price, tx.tenant.currency)
        new = NewService(slug, name, amount, parts, category, buffer_before, buffer_after)
        return documents.service(add_service(tx, new)[0])

    parameters = {
        "slug": slug,
        "name": name,
        "price": price,
        "segments": [str(part) for part in parts],
        "buffers": [buffer_before, buffer_after],
        "category": category,
    }
    output.record(
        current().write("service add", action, parameters=parameters, key=key, dry_run=dry_run)
    )


def _segments(minutes: int | None, segments: str | None) -> tuple[Segment, ...]:
    from bookra.engine.catalog.model import Segment, checked_segments, parse_segments

    parts = parse_segments(segments) if segments is not None else ()
    if not parts and minutes is None:
        raise InvalidInputError("bad_segments", "Say how long it takes", hint="--minutes 45")
    if not parts and minutes is not None:
        if minutes < 1:
            raise InvalidInputError("bad_minutes", f"{minutes} minutes is no length")
        return checked_segments((Segment(busy=True, minutes=minutes),))
    if minutes is not None and sum(part.minutes for part in parts) != minutes:
        raise InvalidInputError("bad_segments", f"The segments do not add up to {minutes} minutes")
    return parts


@app.command("list")
def list_() -> None:
    """List the services.

    Examples:

      bookra service list --json
    """
    from bookra.engine.catalog.actions import services

    found = current().ask(lambda tx: [documents.service(service) for service in services(tx)])
    output.rows(found, COLUMNS, empty="No services yet. Add one: bookra service add --help")


@app.command()
def show(slug: Slug) -> None:
    """Show a service.

    Examples:

      bookra service show cut
    """
    from bookra.engine.catalog.actions import find_service

    output.record(current().ask(lambda tx: documents.service(find_service(tx, slug))))

"""``bookra location``: the places of a business, each with its zone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from bookra.commands import output
from bookra.commands.options import DryRun, Key, group
from bookra.commands.service_options import given, require_change
from bookra.commands.session import current

if TYPE_CHECKING:
    from bookra.engine.people.locations import Location, LocationChanges
    from bookra.engine.runtime import Tx

app = group("Locations: add, set, list, show.")
Slug = Annotated[str, typer.Argument(help="The location's slug.")]
COLUMNS = ("slug", "name", "timezone", "bookables")


@app.command()
def add(
    slug: Slug,
    name: Annotated[str, typer.Option(help="What customers call it.")],
    timezone: Annotated[str, typer.Option(help="An IANA zone, such as Europe/Berlin.")],
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Add a location. The same again changes nothing.

    Examples:

      bookra location add mitte --name 'Luna Mitte' --timezone Europe/Berlin
    """
    from bookra.engine.people.locations import add_location

    def action(tx: Tx) -> dict[str, Any]:
        return _document(add_location(tx, slug, name, timezone)[0])

    parameters = {"slug": slug, "name": name, "timezone": timezone}
    output.record(
        current().write("location add", action, parameters=parameters, key=key, dry_run=dry_run)
    )


@app.command("set")
def set_(
    slug: Slug,
    name: Annotated[str | None, typer.Option(help="What customers call it.")] = None,
    timezone: Annotated[str | None, typer.Option(help="An IANA zone.")] = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Change what is given. A new zone moves the hours of its people, never what is booked.

    Examples:

      bookra location set mitte --name 'Luna am Markt'
    """
    from bookra.engine.people.locations import set_location

    changes = given({"name": name, "timezone": timezone})
    require_change(changes, "location set")

    def action(tx: Tx) -> dict[str, Any]:
        return _document(set_location(tx, slug, cast("LocationChanges", changes)))

    parameters = {"slug": slug, **changes}
    output.record(
        current().write("location set", action, parameters=parameters, key=key, dry_run=dry_run)
    )


@app.command("list")
def list_() -> None:
    """List the locations, with who and what is there.

    Examples:

      bookra location list --json
    """
    from bookra.engine.people.locations import locations

    found = current().ask(lambda tx: [_document(place) for place in locations(tx)])
    output.rows(found, COLUMNS, empty="No locations yet. Add one: bookra location add --help")


@app.command()
def show(slug: Slug) -> None:
    """Show a location, with who and what is there.

    Examples:

      bookra location show mitte
    """
    from bookra.engine.people.locations import find_location

    output.record(current().ask(lambda tx: _document(find_location(tx, slug))))


def _document(found: Location) -> dict[str, Any]:
    return {
        "slug": found.slug,
        "name": found.name,
        "timezone": found.timezone,
        "bookables": list(found.bookables),
    }

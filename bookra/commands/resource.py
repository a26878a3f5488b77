"""``bookra resource``: rooms, chairs and machines, in pools of equal units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from bookra.commands import output
from bookra.commands.options import DryRun, Key, group
from bookra.commands.service_options import given, require_change
from bookra.commands.session import current

if TYPE_CHECKING:
    from bookra.engine.people.resources import Resource, ResourceChanges
    from bookra.engine.runtime import Tx

app = group("Resources: add, set, list, show.")
Slug = Annotated[str, typer.Argument(help="The unit's slug, such as chair-1.")]
COLUMNS = ("slug", "name", "pool", "location")


@app.command()
def add(
    slug: Slug,
    pool: Annotated[str, typer.Option(help="Its pool; begins with its first unit.")],
    name: Annotated[str | None, typer.Option(help="Left out: the slug.")] = None,
    location: Annotated[str | None, typer.Option(help="A location's slug.")] = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Add a unit of a pool. The same again changes nothing.

    Examples:

      bookra resource add chair-1 --pool chair --name 'By the window'
      bookra resource add room-2 --pool room --location mitte
    """
    from bookra.engine.people.resources import add_resource

    def action(tx: Tx) -> dict[str, Any]:
        return _document(add_resource(tx, slug, pool, name=name, location=location or None)[0])

    parameters = {"slug": slug, "pool": pool, "name": name, "location": location}
    output.record(
        current().write("resource add", action, parameters=parameters, key=key, dry_run=dry_run)
    )


@app.command("set")
def set_(
    slug: Slug,
    name: Annotated[str | None, typer.Option(help="What it is called.")] = None,
    pool: Annotated[str | None, typer.Option(help="Another pool; bookings keep it.")] = None,
    location: Annotated[str | None, typer.Option(help="A slug; '' for none.")] = None,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help="Whether it can be booked.")
    ] = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Change what is given; the rest stays. No unit goes that is needed for bookings to come.

    Examples:

      bookra resource set chair-1 --name 'By the door'
      bookra resource set room-2 --inactive
    """
    from bookra.engine.people.resources import set_resource

    changes = given({"name": name, "pool": pool, "active": active})
    if location is not None:
        changes["location"] = location or None
    require_change(changes, "resource set")

    def action(tx: Tx) -> dict[str, Any]:
        return _document(set_resource(tx, slug, cast("ResourceChanges", changes)))

    parameters = {"slug": slug, **changes}
    output.record(
        current().write("resource set", action, parameters=parameters, key=key, dry_run=dry_run)
    )


@app.command("list")
def list_(
    retired: Annotated[bool, typer.Option("--all", help="Those out of use too.")] = False,
) -> None:
    """List the units, by pool.

    Examples:

      bookra resource list --json
      bookra resource list --all
    """
    from bookra.engine.people.resources import resources

    found = current().ask(lambda tx: [_document(unit) for unit in resources(tx, retired=retired)])
    columns = (*COLUMNS, "active") if retired else COLUMNS
    output.rows(found, columns, empty="No resources yet. Add one: bookra resource add --help")


@app.command()
def show(slug: Slug) -> None:
    """Show a unit.

    Examples:

      bookra resource show chair-1
    """
    from bookra.engine.people.resources import find_resource

    output.record(current().ask(lambda tx: _document(find_resource(tx, slug))))


def _document(found: Resource) -> dict[str, Any]:
    return {
        "slug": found.slug,
        "name": found.name,
        "pool": found.pool,
        "location": found.location,
        "active": found.active,
    }

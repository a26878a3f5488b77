"""``bookra staff``: who works here, what they perform, and their commission."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import documents, output
from bookra.commands.options import DryRun, Key, group
from bookra.commands.session import current
from bookra.money import rate_bps

if TYPE_CHECKING:
    from bookra.engine.runtime import Tx

app = group("Staff: add, list, show.")
Slug = Annotated[str, typer.Argument(help="The staff member's slug.")]
COLUMNS = ("slug", "name", "commission_percent", "services")


@app.command()
def add(
    slug: Slug,
    name: Annotated[str, typer.Option(help="What customers call them.")],
    services: Annotated[
        str | None, typer.Option(help="Slugs with commas; left out means every service.")
    ] = None,
    commission_percent: Annotated[str, typer.Option(help="Of the net price, such as 40.")] = "0",
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Add a staff member. The same again changes nothing.

    Examples:

      bookra staff add ana --name 'Ana Moreira' --services cut,colour --commission-percent 40
    """
    from bookra.engine.people.staff import add_staff

    skills = [part.strip() for part in services.split(",") if part.strip()] if services else []
    rate = rate_bps(commission_percent)

    def action(tx: Tx) -> dict[str, Any]:
        person, _ = add_staff(tx, slug, name, services=skills, commission_bps=rate)
        return documents.staff(person)

    parameters = {"slug": slug, "name": name, "services": skills, "commission_bps": rate}
    output.record(
        current().write("staff add", action, parameters=parameters, key=key, dry_run=dry_run)
    )


@app.command("list")
def list_() -> None:
    """List the staff.

    Examples:

      bookra staff list --json
    """
    from bookra.engine.people.staff import staff_list

    found = current().ask(lambda tx: [documents.staff(person) for person in staff_list(tx)])
    output.rows(found, COLUMNS, empty="No staff yet. Add somebody: bookra staff add --help")


@app.command()
def show(slug: Slug) -> None:
    """Show a staff member.

    Examples:

      bookra staff show ana
    """
    from bookra.engine.people.staff import find_staff

    output.record(current().ask(lambda tx: documents.staff(find_staff(tx, slug))))

"""``bookra holiday``: import public holidays as closed days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import output
from bookra.commands.options import DryRun, Key, group
from bookra.commands.session import current

if TYPE_CHECKING:
    from bookra.engine.runtime import Tx

app = group("Public holidays: import them as closed days.")


@app.callback()
def nouns() -> None:
    """Public holidays: import them as closed days."""


@app.command("import")
def import_(
    country: Annotated[str, typer.Option(help="ISO 3166, such as DE.")],
    region: Annotated[str | None, typer.Option(help="A state or region, such as BE.")] = None,
    years: Annotated[int, typer.Option(help="This year and so many more.", min=0, max=10)] = 2,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Close the public holidays of a country. Days that are closed already stay as they are.

    Examples:

      bookra holiday import --country DE --region BE
    """
    from bookra.engine.availability.closures import import_holidays

    def action(tx: Tx) -> dict[str, Any]:
        first = tx.now.astimezone(tx.tenant.zone).year
        added = import_holidays(tx, country, region, range(first, first + years + 1))
        closed = [{"day": day.isoformat(), "name": name} for day, name in added]
        return {"country": country.upper(), "region": region, "closed": closed}

    parameters = {"country": country, "region": region, "years": years}
    document = current().write(
        "holiday import", action, parameters=parameters, key=key, dry_run=dry_run
    )
    if current().format == "table":
        output.rows(document["closed"], ("day", "name"), empty="Those days are closed already.")
    else:
        output.record(document)

"""``bookra holiday``: public holidays as closed days, everywhere or at one location."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.clock import parse_day
from bookra.commands import output
from bookra.commands.options import DryRun, FromDay, Key, group
from bookra.commands.session import current

if TYPE_CHECKING:
    from bookra.engine.runtime import Tx

app = group("Public holidays: import, list, remove closed days.")
Location = Annotated[str | None, typer.Option(help="A location's slug; left out: everywhere.")]


@app.command("import")
def import_(
    country: Annotated[str, typer.Option(help="ISO 3166, such as DE.")],
    region: Annotated[str | None, typer.Option(help="A state or region, such as BE.")] = None,
    location: Location = None,
    year: Annotated[
        list[int] | None, typer.Option("--year", help="Such as 2027; may be given again.")
    ] = None,
    years: Annotated[
        int, typer.Option(help="Without --year: this year and so many more.", min=0, max=10)
    ] = 2,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Close the public holidays of a country. Days that are closed already stay as they are.

    Examples:

      bookra holiday import --country DE --region BE
      bookra holiday import --country DE --region BY --location munich --year 2026 --year 2027
    """
    from bookra.engine.availability.closures import import_holidays

    def action(tx: Tx) -> dict[str, Any]:
        first = tx.now.astimezone(tx.tenant.zone).year
        wanted = year or range(first, first + years + 1)
        added = import_holidays(tx, country, region, wanted, location)
        closed = [{"day": day.isoformat(), "name": name} for day, name in added]
        place = {"country": country.upper(), "region": region, "location": location}
        return {**place, "closed": closed}

    parameters: dict[str, Any] = {"country": country, "region": region, "years": year or years}
    if location is not None:
        parameters["location"] = location
    document = current().write(
        "holiday import", action, parameters=parameters, key=key, dry_run=dry_run
    )
    if current().format == "table":
        output.rows(document["closed"], ("day", "name"), empty="Those days are closed already.")
    else:
        output.record(document)


@app.command("list")
def list_(from_day: FromDay = "today", location: Location = None) -> None:
    """List the closed days from a day on; of one location, with those of everywhere.

    Examples:

      bookra holiday list --from 2027-01-01
      bookra holiday list --location munich --json
    """
    from bookra.engine.availability.closures import closures

    def question(tx: Tx) -> list[dict[str, Any]]:
        first = parse_day(from_day, tx.tenant.zone, tx.now)
        return [
            {"day": found.day.isoformat(), "name": found.name, "location": found.location}
            for found in closures(tx, first, location)
        ]

    output.rows(
        current().ask(question),
        ("day", "name", "location"),
        empty="No closed days. Import them: bookra holiday import --help",
    )


@app.command()
def remove(
    day: Annotated[str, typer.Argument(help="A date, such as 2026-12-26.")],
    location: Location = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Open a closed day again. What was closed everywhere opens everywhere.

    Examples:

      bookra holiday remove 2026-12-26
      bookra holiday remove 2027-01-06 --location munich
    """
    from bookra.engine.availability.closures import remove_closure

    def action(tx: Tx) -> dict[str, Any]:
        opened = parse_day(day, tx.tenant.zone, tx.now)
        remove_closure(tx, opened, location)
        return {"day": opened.isoformat(), "location": location, "closed": False}

    parameters = {"day": day, "location": location}
    output.record(
        current().write("holiday remove", action, parameters=parameters, key=key, dry_run=dry_run)
    )

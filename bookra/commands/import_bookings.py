"""``bookra booking import``: the appointments that another program exported."""

from __future__ import annotations

from typing import Annotated

import typer

from bookra.commands import importing
from bookra.commands.importing import File, Layout, Map, Source
from bookra.commands.options import DryRun, Key
from bookra.commands.session import current
from bookra.errors import InvalidInputError

Names = Annotated[
    list[str] | None,
    typer.Option("--staff-map", metavar="NAME=SLUG", help="Who a name of the file is here."),
]
Services = Annotated[
    list[str] | None,
    typer.Option("--service-map", metavar="NAME=SLUG", help="What a service of the file is here."),
]


def bookings(
    file: File,
    map_: Map = None,
    layout: Layout = "auto",
    source: Source = None,
    staff_map: Names = None,
    service_map: Services = None,
    dates: Annotated[
        str | None, typer.Option(help="What 03/04/2026 is: dmy or mdy. Refused otherwise.")
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(help="The zone of the file's times; the business's otherwise.")
    ] = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    r"""Add the appointments of a CSV file: what is over as history, what is to come for real.

    History moves no money. What is to come is confirmed at the file's price and written into the
    calendar; nobody gets a confirmation. A time that is taken is named and refused, the rest is
    kept, and the exit code is 8. Importing a file again changes nothing.

    Examples:

      bookra booking import appointments.csv --dry-run
      bookra booking import appointments.csv --dates dmy --staff-map 'Ana B.=ana' \
        --service-map "Ladies' cut=cut"
    """
    from bookra import clock
    from bookra.engine.imports.values import DATE_ORDERS, Reading
    from bookra.engine.imports.visits import COMMAND, Visits

    if dates is not None and dates not in DATE_ORDERS:
        raise InvalidInputError("bad_dates", f"'{dates}' is no order of a day", hint="dmy or mdy")
    people, things = _pairs(staff_map, "--staff-map"), _pairs(service_map, "--service-map")
    with importing.reading("appointment", file, layout, map_) as (sheet, columns, parameters):
        tenant = current().ask(lambda tx: tx.tenant)
        zone = clock.zone(timezone) if timezone else tenant.zone
        reading = Reading(zone, tenant.currency, dates)
        keeper = Visits(columns, source or layout, reading, people, things, dry_run)
        keeper.look_through(sheet, current().ask(keeper.reader))
        importing.run(
            COMMAND,
            "Importing appointments",
            sheet,
            columns,
            keeper,
            parameters=parameters
            | {"staff": people, "services": things, "dates": dates, "timezone": timezone},
            key=key,
            dry_run=dry_run,
            unmapped=lambda: {kind: list(names) for kind, names in keeper.missing.items()},
        )


def _pairs(texts: list[str] | None, option: str) -> dict[str, str]:
    """Read ``NAME=SLUG``, each of its own option: a name may have a comma in it."""
    found: dict[str, str] = {}
    for text in texts or ():
        name, equals, slug = text.rpartition("=")
        if not equals or not name.strip() or not slug.strip():
            raise InvalidInputError(
                "bad_map", f"'{text}' names nobody", hint=f"Write {option} 'Ana B.=ana'"
            )
        found[name.strip()] = slug.strip()
    return found

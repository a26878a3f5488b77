"""``bookra service import`` and ``bookra staff import``: lists that another program exported."""

from __future__ import annotations

from typing import Annotated

import typer

from bookra.commands import importing
from bookra.commands.importing import File, Layout, Map, Source, Update
from bookra.commands.options import DryRun, Key


def services(
    file: File,
    map_: Map = None,
    layout: Layout = "auto",
    source: Source = None,
    minutes: Annotated[
        int | None, typer.Option(help="How long a service takes whose line does not say.")
    ] = None,
    update: Update = False,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Add the services of a CSV file that another program exported.

    A line that can't be kept is named with its reason; the good ones are kept, and the exit code
    is 8. Importing a file again changes nothing. --dry-run shows what would become of each line.

    Examples:

      bookra service import services.csv --dry-run
      bookra service import items.csv --layout square --minutes 45
      bookra service import list.csv --map name=Treatment,price='Price EUR' --update
    """
    from bookra.engine.imports.services import COMMAND, Services

    with importing.reading("service", file, layout, map_) as (sheet, columns, parameters):
        importing.run(
            COMMAND,
            "Importing services",
            sheet,
            columns,
            Services(columns, source or layout, minutes, update),
            parameters=parameters | {"minutes": minutes, "update": update},
            key=key,
            dry_run=dry_run,
        )


def staff(
    file: File,
    map_: Map = None,
    layout: Layout = "auto",
    source: Source = None,
    update: Update = False,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Add the staff of a CSV file that another program exported; hours are set afterwards.

    A line that can't be kept is named with its reason; the good ones are kept, and the exit code
    is 8. Importing a file again changes nothing. --dry-run shows what would become of each line.

    Examples:

      bookra staff import team.csv --dry-run
      bookra staff import employees_export.csv --layout fresha
    """
    from bookra.engine.imports.staff import COMMAND, StaffList

    with importing.reading("staff", file, layout, map_) as (sheet, columns, parameters):
        importing.run(
            COMMAND,
            "Importing staff",
            sheet,
            columns,
            StaffList(columns, source or layout, update),
            parameters=parameters | {"update": update},
            key=key,
            dry_run=dry_run,
        )

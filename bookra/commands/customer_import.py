"""``bookra customer import``: the people of a list that another program exported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from bookra.commands import importing, output
from bookra.commands.importing import File, Layout, Map
from bookra.commands.options import DryRun, Key
from bookra.commands.session import current

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bookra.engine.people.csv_lines import Sheet
    from bookra.engine.people.csv_people import Columns


def import_customers(
    file: File,
    map_: Map = None,
    layout: Layout = "auto",
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Add the customers of a CSV file that another program exported.

    Columns are found by their names, or named by --map. A line that can't be kept is named with
    its reason; the good ones are kept, and the exit code is 8. Importing a file again changes
    nothing. --dry-run shows what would become of each line.

    Examples:

      bookra customer import clients.csv --dry-run
      bookra customer import clients.csv --map name='Client Name',phone=Mobile
      bookra customer import export_customer_list.csv --layout fresha --json
    """
    from bookra.engine.imports.columns import parse_map
    from bookra.engine.people.importing import COMMAND

    chosen = parse_map(map_ or [])
    session = current()
    with importing.opened(file) as source:
        sheet = _sheet(source, chosen)
        columns = _columns(sheet, layout, chosen)
        _remark_on(sheet, columns)
        parameters: dict[str, Any] = {"sha256": sheet.digest}
        if chosen:
            parameters["map"] = chosen

        def work() -> dict[str, Any]:
            return _import(sheet, columns, dry_run=dry_run)

        with session.alone(COMMAND, dry_run=dry_run):
            if dry_run:
                found = work()
            else:
                found = session.write_in_parts(COMMAND, work, parameters=parameters, key=key)
    importing.show(found)


def _sheet(source: BinaryIO, chosen: Mapping[str, str]) -> Sheet:
    from bookra.engine.imports.columns import letters
    from bookra.engine.people.csv_lines import open_sheet
    from bookra.engine.people.csv_people import known_columns

    named = {letters(column) for column in chosen.values()}
    return open_sheet(
        source,
        lambda header: known_columns(header) + sum(letters(cell) in named for cell in header),
    )


def _columns(sheet: Sheet, layout: str, chosen: Mapping[str, str]) -> Columns:
    from bookra.engine.imports.columns import check_layout, index_of, unknown_field
    from bookra.engine.people.csv_people import ACCEPTED, Columns

    check_layout("customer", sheet.header, layout)
    for field in chosen:
        if field not in ACCEPTED:
            raise unknown_field(field, ACCEPTED)
    places = {field: index_of(sheet.header, column) for field, column in chosen.items()}
    return Columns.of(sheet.header, places)


def _remark_on(sheet: Sheet, columns: Columns) -> None:
    """Say once what is not taken over, and what was guessed."""
    if columns.ignored:
        output.remark(f"Bookra has no room for: {', '.join(columns.ignored)}.")
    for places in (columns.phone, columns.email):
        if len(places) > 1:
            names = ", else ".join(columns.header[place] for place in places)
            output.remark(f"Of each person one is kept: {names}.")
    importing.remark_on_encoding(sheet)


def _import(sheet: Sheet, columns: Columns, *, dry_run: bool) -> dict[str, Any]:
    from bookra.engine.people.importing import import_customers as bring_in

    session = current()
    with importing.bar("Importing customers", sheet.length) as advance:
        found = bring_in(
            session.engine, session.tenant, sheet, columns, dry_run=dry_run, advance=advance
        )
    rejected = [{"line": r.line, "reason": r.reason, "code": r.code} for r in found.rejected]
    document = {
        "read": found.read,
        "added": found.added,
        "unchanged": found.unchanged,
        "rejected": rejected,
    }
    if not dry_run:
        return document
    lines = [{"line": line, "what": what, "code": "", "reason": ""} for line, what in found.kept]
    lines += [{**line, "what": "refused"} for line in rejected]
    return document | {"lines": sorted(lines, key=lambda line: int(str(line["line"])))}

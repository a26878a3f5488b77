"""``bookra customer``: the people who come."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import customer_card, customer_privacy, documents, output
from bookra.commands.options import DryRun, Key, group
from bookra.commands.session import current
from bookra.errors import CheckFailedError, InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from bookra.engine.people.csv_lines import Sheet
    from bookra.engine.people.csv_people import Columns
    from bookra.engine.runtime import Tx

app = group("Customers: add, set, find, show, import, consent, export, erase; card: saved cards.")
app.add_typer(customer_card.app, name="card")
COLUMNS = ("name", "phone", "email", "visits", "id")


@app.command()
def add(
    name: Annotated[str, typer.Option(help="The customer's name.")],
    phone: Annotated[str | None, typer.Option(help="In the country's own way, or +49…")] = None,
    email: Annotated[str | None, typer.Option(help="An e-mail address.")] = None,
    language: Annotated[
        str | None, typer.Option(help="What messages are written in, such as de.")
    ] = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Add a customer. The same name, phone and e-mail again returns the first one.

    Examples:

      bookra customer add --name 'Rosa Vega' --phone '030 901820' --language es
    """
    from bookra.engine.messages.recipients import checked_language
    from bookra.engine.people.customers import add_customer

    spoken = checked_language(language) if language else ""

    def action(tx: Tx) -> dict[str, Any]:
        added, _ = add_customer(tx, name, phone=phone, email=email, language=spoken)
        return documents.customer(added)

    parameters = {"name": name, "phone": phone, "email": email}
    if spoken:
        parameters["language"] = spoken
    output.record(
        current().write("customer add", action, parameters=parameters, key=key, dry_run=dry_run)
    )


@app.command("set")
def set_(
    customer: Annotated[str, typer.Argument(help="Phone, e-mail, name or id.")],
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    phone: Annotated[str | None, typer.Option(help="Another phone; '' for none.")] = None,
    email: Annotated[str | None, typer.Option(help="Another e-mail; '' for none.")] = None,
    note: Annotated[str | None, typer.Option(help="What to know of them; '' for nothing.")] = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Change what is known of a customer; what is not named stays.

    Examples:

      bookra customer set 'Rosa Vega' --note 'Sensitive scalp'
      bookra customer set +4930901820 --email rosa@example.com
    """

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.people.customers import the_customer
        from bookra.engine.people.editing import Change, change_customer

        found = the_customer(tx, customer)
        return documents.customer(change_customer(tx, found.id, Change(name, phone, email, note)))

    parameters = {"customer": customer, "name": name, "phone": phone, "email": email, "note": note}
    output.record(
        current().write("customer set", action, parameters=parameters, key=key, dry_run=dry_run)
    )


@app.command()
def find(
    words: Annotated[str, typer.Argument(help="The beginning of a name, phone or e-mail.")],
) -> None:
    """Find customers by name, phone or e-mail.

    Examples:

      bookra customer find ros
    """
    from bookra.engine.people.customers import find_customers

    found = current().ask(
        lambda tx: [documents.customer(customer) for customer in find_customers(tx, words)]
    )
    output.rows(found, COLUMNS, empty="Nobody matches.")


@app.command()
def show(
    customer: Annotated[str, typer.Argument(help="Phone, e-mail, name or id.")],
) -> None:
    """Show one customer, and what they agreed to.

    Examples:

      bookra customer show rosa@example.com
    """
    from bookra.engine.people.customers import the_customer

    def question(tx: Tx) -> dict[str, Any]:
        found = the_customer(tx, customer)
        said = customer_privacy.consents(tx, found.id)
        return {**documents.customer(found), "consents": said}

    output.record(current().ask(question))


@app.command("import")
def import_(
    file: Annotated[str, typer.Argument(metavar="CSV", help="The file; - for standard input.")],
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Add the customers of a CSV file that another program exported.

    Columns are found by their names. A line that can't be kept is named with its reason; the
    good ones are kept, and the exit code is 8. Importing a file again changes nothing.

    Examples:

      bookra customer import clients.csv
      bookra customer import clients.csv --dry-run --json
    """
    from bookra.engine.people.csv_lines import read_sheet
    from bookra.engine.people.csv_people import Columns, known_columns

    content = _content(file)
    sheet = read_sheet(content, known_columns)
    columns = Columns.of(sheet.header)
    _remark_on(sheet, columns)
    parameters = {"sha256": hashlib.sha256(content).hexdigest()}

    def keep() -> dict[str, Any]:
        return _import(sheet, columns, dry_run=dry_run)

    with current().alone("customer import", dry_run=dry_run):
        document = _once(keep, parameters, key, dry_run=dry_run)
    _show(document)


class _NotYetDoneError(Exception):
    """No earlier run with this key has ended."""


def _once(
    work: Callable[[], dict[str, Any]],
    parameters: dict[str, str],
    key: str | None,
    *,
    dry_run: bool,
) -> dict[str, Any]:
    """Return what an earlier run with ``key`` returned, or else do the work.

    Its result is stored after its last batch, not with it: a run that was killed is done again,
    and finds what it had kept.
    """
    from bookra.engine.people.importing import COMMAND

    def nothing_yet(_tx: Tx) -> dict[str, Any]:
        raise _NotYetDoneError

    if key is None:
        return work()
    session = current()
    try:
        return session.write(COMMAND, nothing_yet, parameters=parameters, key=key, dry_run=dry_run)
    except _NotYetDoneError:
        document = work()
    return session.write(
        COMMAND, lambda _tx: document, parameters=parameters, key=key, dry_run=dry_run
    )


def _content(file: str) -> bytes:
    """Return the bytes of a file, or of standard input; a little over the limit at most."""
    from bookra.engine.people.csv_lines import MAX_BYTES

    try:
        if file == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with Path(file).open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise NotFoundError("no_file", f"There is no file {file}") from None
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or error
        raise InvalidInputError("cannot_read", f"{file} can't be read: {cause}") from None


def _remark_on(sheet: Sheet, columns: Columns) -> None:
    """Say once what is not taken over, and what was guessed."""
    if columns.ignored:
        output.remark(f"Bookra has no room for: {', '.join(columns.ignored)}.")
    for places in (columns.phone, columns.email):
        if len(places) > 1:
            names = ", else ".join(columns.header[place] for place in places)
            output.remark(f"Of each person one is kept: {names}.")
    if sheet.guessed:
        output.remark("The file is not UTF-8 and was read as Windows-1252; check some names.")


def _import(sheet: Sheet, columns: Columns, *, dry_run: bool) -> dict[str, Any]:
    from bookra.engine.people.importing import import_customers

    session = current()
    with _bar("Importing customers", len(sheet.lines)) as advance:
        found = import_customers(
            session.engine, session.tenant, sheet, columns, dry_run=dry_run, advance=advance
        )
    rejected = [{"line": r.line, "reason": r.reason, "code": r.code} for r in found.rejected]
    return {
        "read": found.read,
        "added": found.added,
        "unchanged": found.unchanged,
        "rejected": rejected,
    }


def _show(document: dict[str, Any]) -> None:
    """Print the result; raise CheckFailedError (``lines_rejected``) when a line was not kept."""
    rejected = document["rejected"]
    if current().format == "table":
        output.record({**document, "rejected": len(rejected)})
        if rejected:
            output.rows(rejected, ("line", "code", "reason"))
    else:
        output.record(document)
    if rejected:
        raise CheckFailedError(
            "lines_rejected",
            f"{len(rejected)} of {document['read']} lines were not kept",
            hint="Mend them and import the file again: those that are in stay as they are",
            details={"rejected": len(rejected)},
        )


@contextmanager
def _bar(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show how far a long work is, on a terminal; yields a function that hears of it."""
    session = current()
    if session.quiet or session.format != "table" or not sys.stderr.isatty():
        yield lambda _done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(28), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done: bar.update(task, completed=done)


for verb in (customer_privacy.consent, customer_privacy.export, customer_privacy.erase):
    app.command()(verb)

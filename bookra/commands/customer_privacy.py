"""``bookra customer consent|export|erase``: what a person agreed to, all of it, and its end."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from bookra.commands import files, output
from bookra.commands.failures import json_text, printable
from bookra.commands.options import DryRun, Key
from bookra.commands.session import current
from bookra.errors import InvalidInputError, UsageError

if TYPE_CHECKING:
    from bookra.engine.privacy.consenting import Consent
    from bookra.engine.privacy.erasing import Erased
    from bookra.engine.runtime import Tx

Who = Annotated[str, typer.Argument(metavar="CUSTOMER", help="Phone, e-mail, name or id.")]
FORMATS = ("json", "zip")


def consent(
    customer: Who,
    kind: Annotated[str, typer.Option(help="messages, marketing, photos or health.")],
    given: Annotated[
        bool, typer.Option("--given/--withdrawn", help="Whether they agree, or no longer do.")
    ],
    wording: Annotated[str, typer.Option(help="The words that they were shown.")] = "",
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Write down what a customer agrees to, or no longer does; earlier statements stay.

    Withdrawing messages stops them all, as `bookra message stop` does; giving it starts them.

    Examples:

      bookra customer consent 'Rosa Vega' --kind photos --given --wording 'On our page.'
      bookra customer consent +4930901820 --kind marketing --withdrawn
    """
    from bookra.engine.people.customers import the_customer
    from bookra.engine.privacy import consenting

    def action(tx: Tx) -> dict[str, Any]:
        found = the_customer(tx, customer).id
        new = consenting.record(tx, found, kind, given=given, wording=wording)
        standing = consenting.standing(tx, found)
        return {
            "customer": str(found),
            "recorded": new,
            "consents": {name: each.given for name, each in sorted(standing.items())},
        }

    parameters = {"customer": customer, "kind": kind, "given": given, "wording": wording}
    output.record(
        current().write("customer consent", action, parameters=parameters, key=key, dry_run=dry_run)
    )


def consents(tx: Tx, customer_id: UUID) -> list[dict[str, Any]]:
    """Return what a customer said, the latest first, as `customer show` has it."""
    from bookra.engine.privacy.consenting import history

    return [_consent(each, tx) for each in history(tx, customer_id)]


def export(
    customer: Who,
    file: Annotated[Path | None, typer.Argument(help="Where to; JSON on stdout without.")] = None,
    form: Annotated[
        str | None, typer.Option("--format", help="json, or zip with a plain page besides.")
    ] = None,
) -> None:
    """Give out everything that is held of one person, to hand to them; the audit keeps who did.

    The file can be read by its owner alone.

    Examples:

      bookra customer export 'Rosa Vega'
      bookra customer export +4930901820 rosa.zip
    """
    from bookra.engine.people.customers import the_customer
    from bookra.engine.privacy.exporting import everything_of

    chosen = form or ("zip" if file is not None and file.suffix == ".zip" else "json")
    if chosen not in FORMATS:
        raise InvalidInputError("bad_format", f"'{chosen}' is not a format", hint="json or zip")
    if chosen == "zip" and file is None:
        raise UsageError("usage", "A zip needs a file to go to")
    session = current()
    document = session.engine.act(
        session.tenant,
        lambda tx: everything_of(tx, the_customer(tx, customer).id),
        command="customer export",
    )
    if file is None:
        sys.stdout.write(json_text(document, indent=2) + "\n")
        return
    content = _zipped(document) if chosen == "zip" else _json(document)
    size = files.write_whole(file, [content], mode=files.PRIVATE)
    counted = sum(len(rows) for rows in document["tables"].values())
    output.record({"file": str(file), "bytes": size, "rows": counted})


def erase(
    customer: Who,
    force: Annotated[
        bool, typer.Option("--force", help="Give up what is owed, and value that is not used.")
    ] = False,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Erase what is personal of a customer; visits, ledger and issued invoices keep their rows.

    Refused while visits are to come, something is open or unused; it asks first, and can't be
    undone. --dry-run shows what would go.

    Examples:

      bookra customer erase 'Rosa Vega' --dry-run
      bookra customer erase +4930901820 --yes
    """
    from bookra.engine.privacy.erasing import erase as erased

    def action(tx: Tx) -> dict[str, Any]:
        return _erased(tx, erased(tx, _whom(tx, customer), force=force))

    if not dry_run:
        _ask(customer)
    parameters = {"customer": customer, "force": force}
    output.record(
        current().write("customer erase", action, parameters=parameters, key=key, dry_run=dry_run)
    )
    if not dry_run:
        output.remark("Issued invoices and older backups still have the name: see the documents.")


def _whom(tx: Tx, words: str) -> UUID:
    """Return whom the words name; an id also names somebody who is erased already."""
    from bookra.engine.people.customers import customer_by_id, the_customer

    try:
        named = UUID(words)
    except ValueError:
        return the_customer(tx, words).id
    return customer_by_id(tx, named).id


def _ask(customer: str) -> None:
    """Ask before what can't be undone; raises NotFoundError before, UsageError without a yes."""
    session = current()
    found = session.ask(lambda tx: _whom(tx, customer))
    if session.yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(
            "needs_yes",
            "Erasing can't be undone, and nobody can be asked here",
            hint="Look first: --dry-run; then say it: --yes",
        )
    question = f"Erase the customer {printable(customer)} ({found}) for good?"
    typer.confirm(question, abort=True, err=True)


def _erased(tx: Tx, found: Erased) -> dict[str, Any]:
    from bookra.clock import rfc3339

    return {
        "customer": str(found.customer_id),
        "erased_at": rfc3339(found.erased_at, tx.tenant.zone),
        "cleared": dict(found.cleared),
        "gave_up": {each.what: each.count for each in found.gave_up},
    }


def _consent(found: Consent, tx: Tx) -> dict[str, Any]:
    from bookra.clock import rfc3339

    return {
        "kind": found.kind,
        "given": found.given,
        "wording": found.wording,
        "at": rfc3339(found.recorded_at, tx.tenant.zone),
        "by": found.recorded_by,
    }


def _json(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n").encode()


def _zipped(document: Mapping[str, Any]) -> bytes:
    import io
    import zipfile

    from bookra.engine.privacy.exporting import summary_text

    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("summary.txt", summary_text(document))
        archive.writestr("data.json", _json(document))
    return held.getvalue()

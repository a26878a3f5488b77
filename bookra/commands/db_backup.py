"""``bookra db backup``, ``restore`` and ``drill``: saved, brought back, and proven beforehand."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import output
from bookra.commands.session import current
from bookra.errors import CheckFailedError, ConflictError

if TYPE_CHECKING:
    from bookra.engine.backups.manifest import Manifest
    from bookra.engine.backups.restoring import Restored

TENANTS = ("tenant", "rows", "entries", "transfers", "closed_until", "head")
BackupFile = Annotated[Path, typer.Argument(help="The backup's file.", show_default=False)]


def backup(
    file: BackupFile,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a file of this name.")
    ] = False,
) -> None:
    """Save the whole database in one file, while everybody goes on working.

    All businesses as of one moment, with a manifest that a restore is proven by. Passwords are not
    in it, and provider tokens only as they are in the database, sealed: keep secret.key as well,
    somewhere else.

    Examples:

      bookra db backup bookra.backup
      bookra db backup nightly.backup --overwrite --json
    """
    from bookra import safekeeping

    taken, recorded = safekeeping.back_up(current().settings, file, overwrite=overwrite)
    document = {"file": str(taken.path), "bytes": taken.size, **_manifest(taken.manifest)}
    _shown({**document, "recorded": recorded})
    if not recorded:
        output.remark("This login can't note the backup: the doctor does not know of it.")


def restore(
    file: BackupFile,
    into: Annotated[str | None, typer.Option(help="A new database of the embedded server.")] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in the place of the businesses there.")
    ] = False,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Keep it even if the proof finds something.")
    ] = False,
    drill: Annotated[
        bool, typer.Option("--drill", help="Only prove that it could be: see db drill.")
    ] = False,
) -> None:
    """Bring a backup back, all or nothing, prove it, and hold its effects back.

    Nothing is sent from a restored database before `bookra outbox reconcile`: what was delivered
    since the backup is in its queue again. Stop the relays first.

    Examples:

      bookra db restore bookra.backup --into trial
      bookra db restore bookra.backup --replace --yes
    """
    if drill:
        prove(file)
        return
    from bookra import safekeeping
    from bookra.engine.backups.restoring import Wish

    if replace:
        _ask_first(into)
    wish = Wish(replace=replace, anyway=anyway)
    placed = safekeeping.restore(current().settings, file, wish, into=into)
    _shown(
        {
            "database": placed.database,
            "aside": placed.aside,
            **_manifest(placed.restored.manifest),
            **_proof(placed.restored),
        }
    )
    _say_what_is_next(placed.restored)
    _require_none(placed.restored)


def prove(file: BackupFile) -> None:
    """Prove a backup: restore it beside, verify everything, and drop it again.

    Exits 8 when anything differs from what was saved, or a ledger does not stand.

    Examples:

      bookra db drill bookra.backup
    """
    from bookra import safekeeping

    restored = safekeeping.drill(current().settings, file)
    _shown({**_manifest(restored.manifest), **_proof(restored)})
    _require_none(restored)


def _shown(document: dict[str, Any]) -> None:
    """Print a document; for a person, its businesses in lines of their own."""
    if current().format != "table":
        output.record(document)
        return
    rest = {name: value for name, value in document.items() if name != "tenants"}
    held = document.get("held") or {}
    rest["held"] = [f"{slug}: {', '.join(names)}" for slug, names in held.items() if names]
    output.rows(document["tenants"], TENANTS, empty="No business.")
    output.record(rest)


def _ask_first(into: str | None) -> None:
    session = current()
    name = into or ("the server's database" if session.settings.database_url else None)
    question = f"Put the backup in the place of {name or session.settings.database}?"
    if session.yes:
        return
    if not sys.stdin.isatty():
        raise ConflictError(
            "not_confirmed", "--replace drops what is there", hint="Confirm it with --yes"
        )
    typer.confirm(question, abort=True, err=True)


def _manifest(manifest: Manifest) -> dict[str, Any]:
    return {
        "taken_at": manifest.taken_at,
        "revision": manifest.revision,
        "program": manifest.program,
        "tenants": [
            {
                "tenant": each.slug,
                "rows": sum(each.counts.values()),
                "entries": each.ledger.entries,
                "transfers": each.ledger.transfers,
                "checksum": each.ledger.checksum,
                "head": each.ledger.head,
                "closed_until": each.ledger.closed_until,
            }
            for each in manifest.tenants
        ],
    }


def _proof(restored: Restored) -> dict[str, Any]:
    return {
        "ok": not restored.findings,
        "findings": list(restored.findings),
        "held": restored.held,
        "left_alone": list(restored.left_alone),
    }


def _say_what_is_next(restored: Restored) -> None:
    if any(restored.held.values()):
        output.remark("Held back until the providers were asked: bookra outbox reconcile")
    if any(each.operators for each in restored.manifest.tenants):
        output.remark("Operators' logins have no password on a new server: bookra operator rotate")
    if restored.left_alone:
        logins = ", ".join(restored.left_alone)
        output.remark(f"Logins of the same name were here already, and got nothing: {logins}")


def _require_none(restored: Restored) -> None:
    if restored.findings:
        raise CheckFailedError(
            "restore_differs",
            f"{len(restored.findings)} differences from what was saved: {restored.findings[0]}",
            hint="Keep an older backup, and look for what changed this one",
        )

"""``bookra db``: the embedded server, and the schema of whichever database is in use."""

from __future__ import annotations

from typing import Annotated

import typer

from bookra.commands import db_backup, db_distribute, db_move, output
from bookra.commands.options import group
from bookra.commands.session import current
from bookra.errors import ConflictError

app = group("The database: up, down, status, upgrade, backup, restore, drill, move.")
app.command()(db_backup.backup)
app.command()(db_backup.restore)
app.command("drill")(db_backup.prove)
app.command()(db_move.move)
app.command()(db_distribute.distribute)


@app.command()
def up() -> None:
    """Start the embedded server and bring its database up to date. Safe to repeat.

    Examples:

      bookra db up
    """
    from bookra import bootstrap

    settings = current().settings
    _only_embedded("up")
    done = bootstrap.upgrade(settings)
    status = bootstrap.embedded_server(settings).status()
    output.record(
        {
            "running": status.running,
            "started": done.started,
            "data": str(status.data_dir),
            "database": settings.database,
            "revision": done.after,
        }
    )


@app.command()
def down(
    immediate: Annotated[bool, typer.Option("--immediate", help="Do not wait.")] = False,
) -> None:
    """Stop the embedded server. Nothing is lost; the next command starts it again.

    Examples:

      bookra db down
    """
    from bookra import bootstrap

    _only_embedded("down")
    stopped = bootstrap.embedded_server(current().settings).stop(immediate=immediate)
    output.record({"running": False, "stopped": stopped})


@app.command()
def status() -> None:
    """Tell where the database is, whether it runs, and which revision it has.

    Examples:

      bookra db status --json
    """
    from bookra import bootstrap
    from bookra.engine.revision import HEAD

    settings = current().settings
    document: dict[str, object] = {"kind": "embedded" if settings.embedded else "server"}
    running = True
    if settings.embedded:
        found = bootstrap.embedded_server(settings).status()
        running = found.running
        document |= {
            "running": found.running,
            "pid": found.pid,
            "version": found.version,
            "data": str(found.data_dir),
            "socket": str(found.socket_dir),
            "database": settings.database,
        }
    if running:
        revision = bootstrap.revision(settings)
        document |= {"revision": revision, "up_to_date": revision == HEAD}
    output.record(document)


@app.command()
def upgrade() -> None:
    """Bring the schema up to date; a named server is migrated by this command alone.

    Examples:

      BOOKRA_DATABASE_URL=postgresql://… bookra db upgrade
    """
    from bookra import bootstrap

    done = bootstrap.upgrade(current().settings)
    output.record({"before": done.before, "revision": done.after})


def _only_embedded(verb: str) -> None:
    if not current().settings.embedded:
        raise ConflictError(
            "not_embedded",
            f"'db {verb}' is for the embedded server, but a database URL is set",
            hint="Unset BOOKRA_DATABASE_URL to use the embedded server",
        )

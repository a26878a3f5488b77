"""``bookra db distribute``: one verb of ``bookra db``, for a platform that outgrew one server."""

from __future__ import annotations

from bookra.commands import output
from bookra.commands.options import DryRun
from bookra.commands.session import current


def distribute(dry_run: DryRun = False) -> None:
    """Spread the businesses over the nodes of Citus, each one whole on one node.

    --dry-run prints the statements and changes nothing; it works without Citus too. Again does
    what is left. Exits 7 where the extension is missing.

    Examples:

      bookra db distribute --dry-run
      bookra db distribute --dry-run --json
    """
    from bookra import bootstrap
    from bookra.engine.distribution import actions

    session = current()
    _ = session.engine  # a database that is not ready says so
    with bootstrap.administration(session.settings) as connection:
        plan = actions.look(connection) if dry_run else actions.distribute(connection)
    if session.format == "table":
        output.lines([f"{step.statement};" for step in plan.steps], empty="Nothing is left to do.")
    else:
        steps = [{"statement": step.statement, "why": step.why} for step in plan.steps]
        output.record({"citus": plan.version, "dry_run": dry_run, "steps": steps})
    if dry_run and plan.version is None:
        output.remark("A dry run: this server does not have the extension citus.")

"""``bookra torture``: race writers from several processes for everything, and judge the result."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import output
from bookra.commands.options import single
from bookra.commands.session import current
from bookra.errors import BookraError, CheckFailedError, InvalidInputError

if TYPE_CHECKING:
    from bookra.engine.proofs.torture import Verdict
    from bookra.engine.proofs.tortures.tickets import Arena, Programme

app = single()

CLAIMS = (
    ("overlaps", "nobody, and no room or chair, is claimed twice at one time"),
    ("units_twice", "no unit of a pool is given to two visits at one time"),
    ("seats_oversold", "no class has more seats sold than it has, and no seat twice"),
    ("days_over_limit", "no day has more visits than its limit"),
    ("wrong_claims", "each visit claims its own time and units, and nothing else"),
    ("unaccounted", "each winner has what it was promised, and nobody else has anything"),
)
KIND_COLUMNS = ("kind", "attempts", "winners", "conflicts", "errors")
CLAIM_COLUMNS = ("claim", "found", "holds")


@app.command()
def torture(
    writers: Annotated[int, typer.Option(help="Connections that write at once.", min=1)] = 16,
    attempts: Annotated[
        int, typer.Option(help="Attempts of all writers together.", min=1, max=1_000_000)
    ] = 2000,
    kind: Annotated[
        str,
        typer.Option(
            help="all, or one of slot, neighbours, any, seats, resources, swaps, moves, direct."
        ),
    ] = "all",
    seed: Annotated[
        int | None, typer.Option(help="The same number deals the same attempts again.")
    ] = None,
) -> None:
    """Race writers from several processes, and prove that nothing was booked twice.

    Opens a business of its own, torture-…, in the database that is configured, which needs an
    administrative login, and leaves it there. Exits 8 when anything was found, 1 when an attempt
    ended in an error that is not documented or a writer died.

    Examples:

      bookra torture
      bookra torture --writers 32 --attempts 100000 --json
      bookra torture --kind swaps --attempts 500 --seed 7
    """
    from bookra.engine.proofs.tortures.tickets import KINDS, Programme

    if kind != "all" and kind not in KINDS:
        raise InvalidInputError(
            "bad_kind", f"'{kind}' is no kind of attempt", hint=f"all, {', '.join(KINDS)}"
        )
    chosen = seed if seed is not None else secrets.randbelow(1_000_000)
    programme = Programme(KINDS if kind == "all" else (kind,), attempts, writers, chosen)
    arena = _open_arena(programme)
    try:
        verdict = _run(arena, programme)
    finally:
        output.remark(f"The business {arena.tenant} stays in the database, with all its bookings")
    _print(arena, programme, verdict)
    _raise_what_is_wrong(verdict)


def _open_arena(programme: Programme) -> Arena:
    """Open a business for this torture and furnish it."""
    from bookra.bootstrap import administration
    from bookra.engine.proofs.torture import check_room, furnish
    from bookra.engine.proofs.tortures.arena import new_business
    from bookra.engine.tenancy import actions as tenancy

    engine = current().engine
    check_room(engine, programme.writers)
    with administration(current().settings) as connection:
        tenant, _ = tenancy.create(connection, new_business())
    output.remark(f"Opening the business {tenant.slug}")
    return furnish(engine, tenant.slug, programme)


def _run(arena: Arena, programme: Programme) -> Verdict:
    from bookra.bootstrap import conninfo
    from bookra.engine.proofs.torture import torture as run

    with _progress(programme.attempts) as watch:
        return run(current().engine, conninfo(current().settings), arena, programme, watch)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar on stderr, if a person is there to see it."""
    if not sys.stderr.isatty() or current().quiet or current().format != "table":
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("Torture"), BarColumn(40), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda done: bar.update(task, completed=done)


def _print(arena: Arena, programme: Programme, verdict: Verdict) -> None:
    document = _document(arena, programme, verdict)
    if current().format != "table":
        output.record(document)
        return
    kinds = [{"kind": name, **found} for name, found in document.pop("kinds").items()]
    found = [(claim, document.pop(name)) for name, claim in CLAIMS]
    output.rows(kinds, KIND_COLUMNS)
    output.record({name: value for name, value in document.items() if value != {}})
    output.rows(
        [{"claim": claim, "found": number, "holds": number == 0} for claim, number in found],
        CLAIM_COLUMNS,
    )


def _document(arena: Arena, programme: Programme, verdict: Verdict) -> dict[str, Any]:
    """Return the result: ``attempts`` is the sum of winners, conflicts and errors."""
    tally, findings = verdict.tally, verdict.findings
    return {
        "attempts": tally.attempts,
        "winners": tally.winners,
        "conflicts": dict(tally.conflicts.most_common()),
        "errors": tally.errors.total(),
        **{name: getattr(findings, name) for name, _ in CLAIMS},
        "seconds": round(verdict.seconds, 3),
        "per_second": round(tally.attempts / verdict.seconds, 1),
        "latency_ms": tally.latency_ms(),
        "deadlocks": verdict.server_deadlocks,
        "deadlocks_retried": verdict.deadlocks_retried,
        "deadlocks_in": dict(tally.deadlocks.most_common()),
        "errors_by_code": dict(tally.errors.most_common()),
        "writers_died": tally.deaths,
        "kinds": {
            name: {
                "attempts": kind.attempts,
                "winners": kind.winners,
                "conflicts": dict(kind.conflicts.most_common()),
                "errors": kind.errors.total(),
            }
            for name, kind in sorted(tally.kinds.items())
        },
        "tenant": arena.tenant,
        "writers": programme.writers,
        "processes": verdict.processes,
        "seed": programme.seed,
        "left_behind": {
            "bookings": verdict.left_behind.bookings,
            "bare_spans": verdict.left_behind.blocks,
            "bare_seats": verdict.left_behind.bare_seats,
        },
    }


def _raise_what_is_wrong(verdict: Verdict) -> None:
    tally = verdict.tally
    broken = {name: getattr(verdict.findings, name) for name, _ in CLAIMS}
    broken = {name: number for name, number in broken.items() if number}
    if broken:
        words = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in broken.items())
        raise CheckFailedError("torture_found", f"The book is broken: {words}", details=broken)
    if tally.deaths:
        raise BookraError(
            "writer_died",
            f"{len(tally.deaths)} writers died, {tally.unanswered} attempts have no answer: "
            f"{tally.deaths[0]}",
            hint="Nothing is booked twice. Run it again",
        )
    if tally.errors:
        code, number = tally.errors.most_common(1)[0]
        raise BookraError(
            "torture_errors",
            f"{tally.errors.total()} attempts ended in an error, {number} of them: {code}",
            hint="Nothing is booked twice; but these refusals are not documented",
        )

"""Options of the commands that ask for a visit: of one service, or of several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bookra.errors import InvalidInputError

if TYPE_CHECKING:
    from bookra.engine.availability.asked import VisitWish, Wish
    from bookra.engine.runtime import Tx

Staff = Annotated[str, typer.Option(help="A slug, or 'any'.")]
More = Annotated[
    list[str] | None,
    typer.Option("--with", help="One more service, SERVICE or SERVICE:STAFF; may be repeated."),
]
Parallel = Annotated[
    bool, typer.Option("--parallel", help="All services begin together, not one after the other.")
]
MaxWait = Annotated[
    int, typer.Option(help="The longest wait between two services, in minutes.", min=0, max=480)
]
HoldCode = Annotated[
    str | None, typer.Option(help="A hold of yours: its time counts as free to you.")
]
WAIT_MINUTES = 15


def person(staff: str) -> str | None:
    """Return the slug, or None for anybody."""
    return None if staff == "any" else staff


def further(lines: list[str] | None) -> tuple[Wish, ...]:
    """Read ``SERVICE[:STAFF]`` of each further line; raises InvalidInputError (``bad_line``)."""
    from bookra.engine.availability.asked import Wish

    found = []
    for line in lines or []:
        service, _, staff = line.partition(":")
        if not service or ":" in staff or line.endswith(":"):
            raise InvalidInputError(
                "bad_line",
                f"'{line}' is not SERVICE or SERVICE:STAFF",
                hint="Such as --with color:ben, or --with color for anybody",
            )
        found.append(Wish(service, person(staff or "any")))
    return tuple(found)


def visit(
    tx: Tx,
    service: str,
    staff: str,
    more: list[str] | None,
    *,
    parallel: bool,
    max_wait: int,
    hold_code: str | None,
) -> VisitWish:
    """Return what is asked for, with the hold whose time counts as free."""
    from bookra.engine.availability.asked import VisitWish, Wish
    from bookra.engine.availability.store import holder

    lines = (Wish(service, person(staff)), *further(more))
    own = holder(tx, hold_code) if hold_code else None
    return VisitWish(lines, parallel, max_wait, own)

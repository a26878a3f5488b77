"""``bookra time-off``: when somebody is away, and what becomes of who is booked with them then."""

from __future__ import annotations

from typing import Annotated

import typer

from bookra.commands import absent
from bookra.commands.options import DryRun, FromDay, Key, group

app = group("Time off: add, list, remove.")
KIND = "time-off"

Staff = Annotated[str, typer.Argument(help="The staff member's slug.")]
SomeStaff = Annotated[str | None, typer.Argument(help="Only this member of staff's.")]
Reason = Annotated[str, typer.Option(help="For the list; customers never see it.")]


@app.command()
def add(
    staff: Staff,
    from_: absent.From,
    to: absent.To,
    reason: Reason = "",
    displace: absent.Displace = False,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Note that somebody is away. Days and times are read in their own zone.

    Visits in the way are listed and nothing is written (exit 4); with --displace they go into a
    queue with proposals, and nobody is told before one is approved.

    Examples:

      bookra time-off add ana --from 2026-12-24 --to 2026-12-31 --reason Holidays
      bookra time-off add ana --from today --to tomorrow --reason Sick --displace
      bookra time-off add ben --from 'thu 14:00' --to 'thu 16:00'
    """
    absent.add(KIND, staff, (from_, to, reason), displace=displace, key=key, dry_run=dry_run)


@app.command("list")
def list_(staff: SomeStaff = None, from_day: FromDay = "today") -> None:
    """List time off that is not over.

    Examples:

      bookra time-off list
      bookra time-off list ana --from 2026-01-01 --json
    """
    absent.show(KIND, staff, from_day)


@app.command()
def remove(ids: absent.Ids, key: Key = None, dry_run: DryRun = False) -> None:
    """Remove time off. What other time off covers stays taken.

    Examples:

      bookra time-off remove 6f3a91
    """
    absent.remove(KIND, ids, key=key, dry_run=dry_run)

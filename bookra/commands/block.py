"""``bookra block``: a time that nobody may book: somebody's meeting, a machine being repaired."""

from __future__ import annotations

from typing import Annotated

import typer

from bookra.commands import absent
from bookra.commands.options import DryRun, FromDay, Key, group

app = group("Blocked times of staff and resources: add, list, remove.")
KIND = "block"

Slug = Annotated[str, typer.Argument(help="A staff member's or a resource's slug.")]
SomeSlug = Annotated[str | None, typer.Argument(help="Only this one's.")]
Reason = Annotated[str, typer.Option(help="Why: for the list, customers never see it.")]


@app.command()
def add(
    slug: Slug,
    from_: absent.From,
    to: absent.To,
    reason: Reason,
    displace: absent.Displace = False,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Block a time. Visits on a blocked resource go to another one of its pool, if one is free.

    What is in the way else is listed and nothing is written (exit 4); with --displace visits go
    into a queue with proposals, and nobody is told before one is approved.

    Examples:

      bookra block add ana --from 'thu 12:00' --to 'thu 12:30' --reason Meeting
      bookra block add laser-1 --from today --to fri --reason 'Being repaired' --displace
    """
    absent.add(KIND, slug, (from_, to, reason), displace=displace, key=key, dry_run=dry_run)


@app.command("list")
def list_(slug: SomeSlug = None, from_day: FromDay = "today") -> None:
    """List blocked times that are not over.

    Examples:

      bookra block list laser-1 --json
    """
    absent.show(KIND, slug, from_day)


@app.command()
def remove(ids: absent.Ids, key: Key = None, dry_run: DryRun = False) -> None:
    """Remove blocked times. What other ones cover stays taken.

    Examples:

      bookra block remove 6f3a91
    """
    absent.remove(KIND, ids, key=key, dry_run=dry_run)

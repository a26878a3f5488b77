"""``bookra staff``: who works here, what they perform, where, at what level and commission."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from bookra.commands import documents, import_lists, output, staff_rent
from bookra.commands.options import DryRun, Key, group
from bookra.commands.service_options import cleared, given, require_change
from bookra.commands.session import current
from bookra.money import rate_bps

if TYPE_CHECKING:
    from bookra.engine.people.staff import StaffChanges
    from bookra.engine.runtime import Tx

app = group("Staff: add, set, list, show, import, rent.")
app.add_typer(staff_rent.app, name="rent")
Slug = Annotated[str, typer.Argument(help="The staff member's slug.")]
Services = Annotated[
    str | None, typer.Option(help="Slugs with commas; left out means every service.")
]
Commission = Annotated[
    str | None, typer.Option("--commission-percent", help="Of the net price, such as 40.")
]
Level = Annotated[str | None, typer.Option(help="What services price by, such as senior.")]
Timezone = Annotated[str | None, typer.Option(help="An IANA zone; left out: the location's.")]
Location = Annotated[str | None, typer.Option(help="A location's slug.")]
DailyLimit = Annotated[int | None, typer.Option(help="At most so many bookings a day.")]
Calendar = Annotated[str | None, typer.Option(help="The id of their own Google calendar.")]
COLUMNS = ("slug", "name", "level", "location", "commission_percent", "services")


@app.command()
def add(
    slug: Slug,
    name: Annotated[str, typer.Option(help="What customers call them.")],
    services: Services = None,
    commission: Commission = None,
    level: Level = None,
    timezone: Timezone = None,
    location: Location = None,
    daily_limit: DailyLimit = None,
    calendar: Calendar = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Add a staff member. The same again changes nothing.

    Examples:

      bookra staff add ana --name 'Ana Moreira' --services cut,colour --commission-percent 40
      bookra staff add bo --name Bo --level senior --location mitte --daily-limit 8
    """
    from bookra.engine.people.staff import add_staff

    skills = _skills(services or "")
    rate = rate_bps(commission or "0")
    place = {
        "level": level or "",
        "timezone": timezone or None,
        "location": location or None,
        "calendar_id": calendar or None,
        "daily_limit": daily_limit,
    }
    more: dict[str, Any] = {name: value for name, value in place.items() if value}

    def action(tx: Tx) -> dict[str, Any]:
        person, _ = add_staff(tx, slug, name, services=skills, commission_bps=rate, **more)
        return documents.staff(person)

    parameters = {"slug": slug, "name": name, "services": skills, "commission_bps": rate, **more}
    output.record(
        current().write("staff add", action, parameters=parameters, key=key, dry_run=dry_run)
    )


@app.command("set")
def set_(
    slug: Slug,
    name: Annotated[str | None, typer.Option(help="What customers call them.")] = None,
    services: Annotated[
        str | None, typer.Option(help="Slugs with commas; '' means every service.")
    ] = None,
    commission: Commission = None,
    level: Annotated[str | None, typer.Option(help="Such as senior; '' for none.")] = None,
    timezone: Annotated[str | None, typer.Option(help="'' for the location's.")] = None,
    location: Annotated[str | None, typer.Option(help="A slug; '' for none.")] = None,
    daily_limit: DailyLimit = None,
    no_daily_limit: Annotated[bool, typer.Option("--no-daily-limit", help="No limit.")] = False,
    calendar: Annotated[str | None, typer.Option(help="A calendar's id; '' for none.")] = None,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help="Whether they can be booked.")
    ] = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Change what is given; the rest stays. Nobody leaves who has bookings to come.

    Examples:

      bookra staff set ana --level senior --commission-percent 45
      bookra staff set bo --services cut,shave --no-daily-limit
      bookra staff set cleo --inactive
    """
    from bookra.engine.bookings.limits import change_staff

    changes = given(
        {
            "name": name,
            "services": None if services is None else _skills(services),
            "commission_bps": None if commission is None else rate_bps(commission),
            "level": level,
            "daily_limit": daily_limit,
            "active": active,
        }
    )
    texts = given({"timezone": timezone, "location": location, "calendar_id": calendar})
    changes |= {name: value or None for name, value in texts.items()}
    changes |= cleared(changes, {"daily_limit": no_daily_limit}, None)
    require_change(changes, "staff set")

    def action(tx: Tx) -> dict[str, Any]:
        return documents.staff(change_staff(tx, slug, cast("StaffChanges", changes)))

    parameters = {"slug": slug, **changes}
    output.record(
        current().write("staff set", action, parameters=parameters, key=key, dry_run=dry_run)
    )


def _skills(services: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in services.split(",") if part.strip())


@app.command("list")
def list_(
    retired: Annotated[bool, typer.Option("--all", help="Those who left too.")] = False,
) -> None:
    """List the staff.

    Examples:

      bookra staff list --json
      bookra staff list --all
    """
    from bookra.engine.people.staff import staff_list

    found = current().ask(
        lambda tx: [documents.staff(person) for person in staff_list(tx, retired=retired)]
    )
    columns = (*COLUMNS, "active") if retired else COLUMNS
    output.rows(found, columns, empty="No staff yet. Add somebody: bookra staff add --help")


@app.command()
def show(slug: Slug) -> None:
    """Show a staff member.

    Examples:

      bookra staff show ana
    """
    from bookra.engine.people.staff import find_staff

    output.record(current().ask(lambda tx: documents.staff(find_staff(tx, slug))))


app.command("import")(import_lists.staff)

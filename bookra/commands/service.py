"""``bookra service``: what is sold, how long it takes, what it costs, and by which rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from bookra.commands import import_lists, output, service_documents
from bookra.commands import service_options as options
from bookra.commands.options import DryRun, Key, group
from bookra.commands.session import current
from bookra.errors import InvalidInputError
from bookra.money import parse_amount

if TYPE_CHECKING:
    from collections.abc import Callable

    from bookra.engine.catalog.actions import ServiceChanges
    from bookra.engine.runtime import Tx

app = group("Services: add, set, list, show, import.")
Slug = Annotated[str, typer.Argument(help="The service's slug.")]
COLUMNS = ("slug", "name", "category", "minutes", "price", "segments")


@app.command()
def add(
    slug: Slug,
    name: Annotated[str, typer.Option(help="What customers call it.")],
    price: Annotated[str, typer.Option(help="Such as 45.00, in the business's currency.")],
    minutes: options.Minutes = None,
    segments: options.Segments = None,
    buffer_before: Annotated[int, typer.Option(help="Minutes kept free before.")] = 0,
    buffer_after: Annotated[int, typer.Option(help="Minutes kept free after.")] = 0,
    category: Annotated[str, typer.Option(help="A family of services.")] = "",
    granularity: options.Granularity = None,
    align: options.Alignment = None,
    notice: options.Notice = None,
    horizon: options.Horizon = None,
    daily_limit: options.DailyLimit = None,
    capacity: options.Capacity = None,
    resource: options.Resources = None,
    level: options.Levels = None,
    offered: options.OfferedOn = None,
    tax_percent: options.TaxPercent = None,
    deposit: options.Deposit = None,
    short_name: options.ShortName = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    r"""Add a service. The same again changes nothing.

    Rules that are left out are the business's own: bookra tenant rules.

    Examples:

      bookra service add cut --name 'Cut & finish' --minutes 45 --price 45.00
      bookra service add balayage --name Balayage --segments 'busy 45,gap 30,busy 75' --price 165 \
        --level senior:185.00 --resource chair --resource lamp:gap --offered 'tue-fri 09:00-14:00'
      bookra service add yoga --name Yoga --minutes 60 --price 18 --capacity 12 --notice 120
      bookra service add course --name Course --minutes 90 --price 80 --tax-percent 7 --deposit 20%
    """
    from bookra.engine.catalog.actions import NewService, add_service
    from bookra.engine.catalog.options import parse_deposit

    with options.pointing():
        parts = options.segments_of(minutes, segments)
    if parts is None:
        raise InvalidInputError("bad_segments", "Say how long it takes", hint="--minutes 45")
    rules = options.given(
        {
            "granularity_minutes": granularity,
            "alignment": align.value if align else None,
            "notice_minutes": notice,
            "horizon_days": horizon,
            "daily_limit": daily_limit,
            "capacity": capacity,
            "short_name": short_name,
        }
    )
    own_tax = options.own_tax(tax_percent or "")
    needs, hours = options.needs_of(resource or ()), options.offered_of(offered or ())

    def action(tx: Tx) -> dict[str, Any]:
        currency = tx.tenant.currency
        deposit_bps, deposit_minor = parse_deposit(deposit or "", currency)
        new = NewService(
            slug,
            name,
            parse_amount(price, currency),
            parts,
            category,
            buffer_before,
            buffer_after,
            levels=options.levels_of(level or (), currency),
            offered=hours,
            needs=needs,
            tax_bps=own_tax,
            deposit_bps=deposit_bps,
            deposit_minor=deposit_minor,
            **rules,
        )
        return service_documents.service(add_service(tx, new)[0])

    parameters = {
        "slug": slug,
        "name": name,
        "price": price,
        "segments": [str(part) for part in parts],
        "buffers": [buffer_before, buffer_after],
        "category": category,
        **rules,
        **options.given({"levels": level, "offered": offered, "resources": resource}),
        **options.given({"tax_percent": tax_percent, "deposit": deposit}),
    }
    with options.pointing():
        document = current().write(
            "service add", action, parameters=parameters, key=key, dry_run=dry_run
        )
    _show(document)


@app.command("set")
def set_(
    slug: Slug,
    name: Annotated[str | None, typer.Option(help="What customers call it.")] = None,
    price: Annotated[str | None, typer.Option(help="Such as 45.00.")] = None,
    minutes: options.Minutes = None,
    segments: options.Segments = None,
    buffer_before: Annotated[int | None, typer.Option(help="Minutes kept free before.")] = None,
    buffer_after: Annotated[int | None, typer.Option(help="Minutes kept free after.")] = None,
    category: Annotated[str | None, typer.Option(help="A family of services.")] = None,
    granularity: options.Granularity = None,
    align: options.Alignment = None,
    notice: options.Notice = None,
    horizon: options.Horizon = None,
    daily_limit: options.DailyLimit = None,
    capacity: options.Capacity = None,
    resource: options.Resources = None,
    level: options.Levels = None,
    offered: options.OfferedOn = None,
    tax_percent: options.TaxPercent = None,
    deposit: options.Deposit = None,
    short_name: options.ShortName = None,
    no_granularity: Annotated[
        bool, typer.Option("--no-granularity", help="As the business has it.")
    ] = False,
    no_notice: Annotated[bool, typer.Option("--no-notice", help="As the business has it.")] = False,
    no_horizon: Annotated[
        bool, typer.Option("--no-horizon", help="As the business has it.")
    ] = False,
    no_daily_limit: Annotated[bool, typer.Option("--no-daily-limit", help="No limit.")] = False,
    no_capacity: Annotated[bool, typer.Option("--no-capacity", help="No class.")] = False,
    no_resource: Annotated[bool, typer.Option("--no-resource", help="Needs no unit.")] = False,
    no_level: Annotated[bool, typer.Option("--no-level", help="One price for all.")] = False,
    no_offered: Annotated[bool, typer.Option("--no-offered", help="At any time.")] = False,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help="Whether it is sold at all.")
    ] = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Change what is given; the rest stays, and bookings keep what they were sold as.

    --level, --resource and --offered name all that there is from now on.

    Examples:

      bookra service set cut --price 48.00 --level senior:58.00 --level junior:38.00
      bookra service set balayage --segments 'busy 45,gap 40,busy 75' --no-resource
      bookra service set balayage --short-name Balay
      bookra service set perm --inactive
    """
    values = options.given(
        {
            "name": name,
            "price": price,
            "buffer_before_minutes": buffer_before,
            "buffer_after_minutes": buffer_after,
            "category": category,
            "granularity_minutes": granularity,
            "alignment": align.value if align else None,
            "notice_minutes": notice,
            "horizon_days": horizon,
            "daily_limit": daily_limit,
            "capacity": capacity,
            "needs": resource,
            "levels": level,
            "offered": offered,
            "deposit": deposit,
            "short_name": short_name,
            "active": active,
        }
    )
    if tax_percent is not None:
        values["tax_bps"] = options.own_tax(tax_percent)
    values |= options.cleared(
        values,
        {
            "granularity_minutes": no_granularity,
            "notice_minutes": no_notice,
            "horizon_days": no_horizon,
            "daily_limit": no_daily_limit,
            "capacity": no_capacity,
        },
        None,
    )
    lists = {"needs": no_resource, "levels": no_level, "offered": no_offered}
    values |= options.cleared(values, lists, [])
    with options.pointing():
        parts = options.segments_of(minutes, segments)
        if parts is not None:
            values["segments"] = parts
        options.require_change(values, "service set")
        _change(slug, values, key, dry_run)


def _change(slug: str, values: dict[str, Any], key: str | None, dry_run: bool) -> None:
    """Write the changes: options as given, what depends on the business's currency unread."""
    from bookra.engine.bookings.limits import change_service

    parameters = {**values, "slug": slug, "segments": [str(p) for p in values.get("segments", ())]}

    def action(tx: Tx) -> dict[str, Any]:
        return service_documents.service(
            change_service(tx, slug, _read(values, tx.tenant.currency))
        )

    _show(current().write("service set", action, parameters=parameters, key=key, dry_run=dry_run))


def _read(values: dict[str, Any], currency: str) -> ServiceChanges:
    from bookra.engine.catalog.options import parse_deposit

    readers: dict[str, Callable[[Any], Any]] = {
        "price": lambda text: parse_amount(text, currency),
        "levels": lambda texts: options.levels_of(texts, currency),
        "needs": options.needs_of,
        "offered": options.offered_of,
    }
    read = {name: reader(values[name]) for name, reader in readers.items() if name in values}
    changes = values | read
    if "deposit" in changes:
        found = parse_deposit(changes.pop("deposit"), currency)
        changes |= dict(zip(("deposit_bps", "deposit_minor"), found, strict=True))
    return cast("ServiceChanges", changes)


def _show(document: dict[str, Any]) -> None:
    people = current().format == "table"
    output.record(options.notation(document) if people else document)


@app.command("list")
def list_(
    retired: Annotated[bool, typer.Option("--all", help="Those not sold any more too.")] = False,
) -> None:
    """List the services.

    Examples:

      bookra service list --json
      bookra service list --all
    """
    from bookra.engine.catalog.actions import services

    found = current().ask(
        lambda tx: [service_documents.service(service) for service in services(tx, retired=retired)]
    )
    columns = (*COLUMNS, "active") if retired else COLUMNS
    output.rows(found, columns, empty="No services yet. Add one: bookra service add --help")


@app.command()
def show(slug: Slug) -> None:
    """Show a service.

    Examples:

      bookra service show cut
    """
    from bookra.engine.catalog.actions import find_service

    _show(current().ask(lambda tx: service_documents.service(find_service(tx, slug))))


app.command("import")(import_lists.services)

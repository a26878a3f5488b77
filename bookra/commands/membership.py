"""``bookra membership``: plans, members, and what they are billed each period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import counter, output, sale_documents
from bookra.commands.linked import WaitSeconds
from bookra.commands.options import DryRun, Key, group
from bookra.commands.session import current
from bookra.money import parse_amount, rate_bps

if TYPE_CHECKING:
    from bookra.engine.runtime import Tx

app = group("Memberships: plans, sell, list, show, bill, cancel.")
plan_app = group("What members pay a period, and get for it: add, list, end.")
app.add_typer(plan_app, name="plan")

Code = Annotated[str, typer.Argument(help="The membership's code: MB-7F3K9Q2.")]
PlanSlug = Annotated[str, typer.Argument(help="The plan's slug.")]
COLUMNS = ("code", "state", "plan", "customer", "price", "billed_until", "open_order")
PLAN_COLUMNS = ("slug", "name", "price", "months", "service", "visits", "discount_percent")
BILL_COLUMNS = ("membership", "customer", "from", "until", "order", "amount", "how")


@plan_app.command("add")
def plan_add(
    slug: PlanSlug,
    name: Annotated[str, typer.Option(help="What customers call it.")],
    price: Annotated[str, typer.Option(help="A period's price, tax included.")],
    months: Annotated[int, typer.Option(help="How long a period is.", min=1, max=12)] = 1,
    service: Annotated[str | None, typer.Option(help="What its visits are of.")] = None,
    visits: Annotated[int, typer.Option(help="Visits in a period.", min=0, max=1000)] = 0,
    discount_percent: Annotated[str, typer.Option(help="Off every visit of a member.")] = "0",
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Add a plan: visits of a service each period, a discount on every visit, or both.

    Examples:

      bookra membership plan add gold --name Gold --price 70 --service cut --visits 2 \
--discount-percent 10
      bookra membership plan add club --name Club --price 19.90 --discount-percent 15
    """

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.catalog.plans import Plan, add_plan

        cost = parse_amount(price, tx.tenant.currency)
        off = rate_bps(discount_percent)
        new = Plan(slug, name, cost, months, service, visits, off)
        return sale_documents.plan(add_plan(tx, new)[0])

    parameters = {
        "slug": slug,
        "name": name,
        "price": price,
        "months": months,
        "service": service,
        "visits": visits,
        "discount": discount_percent,
    }
    output.record(
        current().write(
            "membership plan add", action, parameters=parameters, key=key, dry_run=dry_run
        )
    )


@plan_app.command("list")
def plan_list(
    retired: Annotated[bool, typer.Option("--all", help="Those not sold any more too.")] = False,
) -> None:
    """List the plans.

    Examples:

      bookra membership plan list --json
    """
    from bookra.engine.catalog.plans import plans

    found = current().ask(
        lambda tx: [sale_documents.plan(each) for each in plans(tx, retired=retired)]
    )
    output.rows(found, PLAN_COLUMNS, empty="No plans. Add one: bookra membership plan add --help")


@plan_app.command("end")
def plan_end(slug: PlanSlug, key: Key = None, dry_run: DryRun = False) -> None:
    """Stop selling a plan; its members stay members.

    Examples:

      bookra membership plan end gold
    """

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.catalog.plans import end_plan

        return sale_documents.plan(end_plan(tx, slug))

    output.record(
        current().write(
            "membership plan end", action, parameters={"slug": slug}, key=key, dry_run=dry_run
        )
    )


@app.command()
def sell(
    plan: PlanSlug,
    customer: Annotated[str, typer.Option(help="Phone, e-mail, name or id.")],
    cash: counter.Cash = False,
    terminal: counter.Terminal = False,
    link: counter.Link = False,
    saved_card: counter.SavedCard = False,
    wait: WaitSeconds = 0,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    """Make a customer a member from today on, once the first period is paid.

    Examples:

      bookra membership sell gold --customer 'Rosa Vega' --cash
      bookra membership sell club --customer rosa@example.com --saved-card --wait 5
    """
    method = counter.method_of(cash=cash, terminal=terminal, link=link, saved_card=saved_card)

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.orders.memberships import membership, sell_membership
        from bookra.engine.orders.selling import pay_by
        from bookra.engine.people.customers import the_customer

        found, order = sell_membership(tx, plan, the_customer(tx, customer).id)
        pay_by(tx, order.code, method)
        return {**sale_documents.membership(membership(tx, found.code)), "order": order.code}

    parameters = {"plan": plan, "customer": customer, "method": method}
    counter.sold("membership sell", action, parameters, key=key, dry_run=dry_run, wait=wait)


@app.command("list")
def list_(
    state: Annotated[
        str | None, typer.Option(help="pending, active, past-due or cancelled: only those.")
    ] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=100_000)] = 100,
) -> None:
    """List the latest memberships.

    Examples:

      bookra membership list --state past-due --json
    """
    from bookra.engine.orders.memberships import memberships

    found = current().ask(
        lambda tx: [
            sale_documents.membership(each) for each in memberships(tx, state=state, limit=limit)
        ]
    )
    output.rows(found, COLUMNS, empty="No members. Win one: bookra membership sell --help")


@app.command()
def show(code: Code) -> None:
    """Show a membership.

    Examples:

      bookra membership show MB-7F3K9Q2
    """
    from bookra.engine.orders.memberships import membership

    output.record(current().ask(lambda tx: sale_documents.membership(membership(tx, code))))


@app.command()
def bill(key: Key = None, dry_run: DryRun = False) -> None:
    """Bill every period that has begun, each once, and end those that are over. For cron.

    A saved card is charged by the relay; without one the order stays open, and the member is past
    due until it is paid: bookra pay ORDER.

    Examples:

      bookra membership bill --dry-run
      bookra membership bill --json
    """

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.orders.memberships import bill_memberships

        return {"billed": [sale_documents.bill(each) for each in bill_memberships(tx)]}

    session = current()
    with session.alone("membership bill", dry_run=dry_run):
        document = session.write("membership bill", action, key=key, dry_run=dry_run)
    if session.format == "json":
        output.record(document)
    else:
        output.rows(document["billed"], BILL_COLUMNS, empty="No period is due.")
    if dry_run:
        output.remark("A dry run: nothing was billed.")


@app.command()
def cancel(code: Code, key: Key = None, dry_run: DryRun = False) -> None:
    """End a membership; what is paid stays good until its period ends.

    Examples:

      bookra membership cancel MB-7F3K9Q2
    """

    def action(tx: Tx) -> dict[str, Any]:
        from bookra.engine.orders.memberships import cancel_membership

        return sale_documents.membership(cancel_membership(tx, code))

    output.record(
        current().write(
            "membership cancel", action, parameters={"code": code}, key=key, dry_run=dry_run
        )
    )

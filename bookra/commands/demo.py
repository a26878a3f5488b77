"""``bookra demo``: the whole story on an embedded database, with the proofs.

Two businesses, a booked fortnight, a race for one slot, payments by link and in cash, a relay
that is killed in the middle of a delivery, and every promise checked in front of the user. It
lives in a database of its own, ``demo``, which stays for playing.
"""

from __future__ import annotations

import random
import shutil
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import output
from bookra.commands.options import single
from bookra.commands.session import current
from bookra.errors import CheckFailedError, ConflictError

if TYPE_CHECKING:
    from bookra.commands.story.fortnight import Fortnight
    from bookra.commands.story.stage import Stage
    from bookra.commands.story.telling import Teller
    from bookra.config import Settings
    from bookra.engine.runtime import Engine, Tx

app = single()

OPENING_HOUR = 5
"""The fortnight is booked as if early this morning, so that today's page is full."""


@app.command()
def demo(
    seed: Annotated[int, typer.Option(help="Other bookings for another number.")] = 7,
    reset: Annotated[
        bool, typer.Option("--reset", help="Drop the demo's database, no more.")
    ] = False,
) -> None:
    """Tell the whole story on a database of its own, and prove every promise.

    Exits 8 when a proof fails. A second run starts afresh.

    Examples:

      bookra demo
      bookra demo --seed 42
      bookra demo --reset
    """
    from bookra.commands.story.stage import Stage, demo_settings
    from bookra.commands.story.telling import Teller

    settings = demo_settings(current().settings)
    if reset:
        dropped = _clear(settings)
        output.record({"database": settings.database, "dropped": dropped})
        return
    teller = Teller()
    stage = Stage(settings)
    began = time.monotonic()
    try:
        failed = _tell(stage, teller, random.Random(seed))  # noqa: S311 - a story, not a secret
    finally:
        stage.close()
    teller.farewell(settings, time.monotonic() - began)
    if failed:
        raise CheckFailedError(
            "proof_failed", f"{len(failed)} proofs failed: {failed[0]}", details={"failed": failed}
        )


def _tell(stage: Stage, teller: Teller, rng: random.Random) -> list[str]:
    """Tell the story step by step; returns the claims that did not hold."""
    from bookra.bootstrap import open_engine

    settings = stage.settings
    with teller.step("A fresh database on the embedded PostgreSQL"):
        _clear(settings)
        morning = open_engine(settings, now=_this_morning)
        engine = open_engine(settings, size=8)
    with teller.step("Stand-ins for Stripe, Google Calendar and WhatsApp"):
        teller.note(f"listening on {stage.start_sandbox()}")
    stories = _open_and_book(settings, (morning, engine), teller, rng)
    morning.close()
    _race(settings, engine, stories[0], teller)
    _crash(stage, engine, teller)
    _pay(stage, engine, stories, teller)
    _spend(stage, engine, stories, teller)
    failed = _prove(stage, engine, teller)
    teller.figures(engine)
    engine.close()
    return failed


def _open_and_book(
    settings: Settings, engines: tuple[Engine, Engine], teller: Teller, rng: random.Random
) -> list[Fortnight]:
    """Book by this morning's clock, and the visits that wait for a link by the present one."""
    from bookra.commands.story import fortnight
    from bookra.commands.story.cast import BUSINESSES

    stories, (morning, engine) = [], engines
    for business in BUSINESSES:
        with teller.progress(f"{business.name} books a fortnight", fortnight.DAYS) as advance:
            story = fortnight.open_business(settings, morning, business)
            fortnight.book_days(morning, story, rng, advance)
            fortnight.book_links(engine, story, rng)
            stories.append(story)
        teller.note(
            f"{business.zone} · {business.currency} · {len(business.people)} staff · "
            f"{len(business.offers)} services · {story.booked} bookings"
        )
    return stories


def _race(settings: Settings, engine: Engine, story: Fortnight, teller: Teller) -> None:
    from bookra.commands.story.race import PROCESSES, WRITERS, run_race
    from bookra.engine.availability.actions import find_slots
    from bookra.engine.proofs.race import Prize, give_back, holders, overlapping_pairs

    slug = story.business.slug

    def prize_of(tx: Any) -> Prize:
        tomorrow = tx.now.astimezone(tx.tenant.zone).date() + timedelta(days=1)
        found = find_slots(tx, "cut", None, tomorrow, 7, 1)
        if not found:
            raise ConflictError("nothing_free", "There is nothing left to race for")
        first = found[0]
        return Prize("cut", first.staff, first.start, first.end, story.customers[0])

    prize = engine.ask(slug, prize_of)
    with teller.step(f"{PROCESSES} processes with {WRITERS} writers each race for one slot"):
        result = run_race(settings, slug, prize)
        held, pairs = engine.ask(slug, lambda tx: (holders(tx, prize), overlapping_pairs(tx)))
        words = ", ".join(f"{n} {word}" for word, n in sorted(result.by_outcome.items()))
        teller.note(f"{result.attempts} attempts, half of them straight into the table: {words}")
        winner = held[0] or "a bare allocation" if held else "nobody"
        teller.note(f"an independent query finds {len(held)} holder ({winner}), {pairs} overlaps")
        engine.act(slug, lambda tx: give_back(tx, prize), command="demo")
    won = result.by_outcome.get("won", 0)
    teller.claim("one slot, one winner", won == 1 and len(held) == 1 and not pairs)


def _crash(stage: Stage, engine: Engine, teller: Teller) -> None:
    """Kill the relay while it waits for an answer, and start it again."""
    from bookra.commands.story.stage import until
    from bookra.config import sandbox_address
    from bookra.engine.outbox.relays import waiting
    from bookra.sandbox import SandboxClient

    client = SandboxClient(sandbox_address(stage.settings))
    with teller.step("The relay starts, and is killed with SIGKILL in the middle of a delivery"):
        before = engine.across_tenants(waiting)
        client.fault("google", "slow")
        pid = stage.start_relay()
        caught = until(
            lambda: engine.across_tenants(waiting)["in_flight"], "nothing is being delivered"
        )
        stage.kill_relay()
        client.fault("google", off=True)
        teller.note(
            f"{before['ready']:.0f} effects were due; relay {pid} died holding {caught:.0f}"
        )
    total = before["ready"] + before["waiting"]
    with teller.progress("A second relay takes over when the leases lapse", int(total)) as advance:
        stage.start_relay()
        _watch(engine, int(total), advance)


def _watch(engine: Engine, total: int, advance: Any) -> None:
    """Follow the queue until nothing is on its way, moving the progress bar."""
    from bookra.commands.story.stage import until
    from bookra.engine.outbox.relays import waiting

    done = 0

    def idle() -> bool:
        nonlocal done
        found = engine.across_tenants(waiting)
        left = int(found["ready"] + found["waiting"] + found["in_flight"])
        advance(max(0, total - left - done))
        done = max(done, total - left)
        return left == 0

    until(idle, "the relay is not done", seconds=120)


def _pay(stage: Stage, engine: Engine, stories: list[Fortnight], teller: Teller) -> None:
    from bookra.commands.story.fortnight import live_the_day
    from bookra.config import sandbox_address
    from bookra.sandbox import SandboxClient

    client = SandboxClient(sandbox_address(stage.settings))
    with teller.step("Customers pay: by link at Stripe's stand-in, and in cash at the counter"):
        for story in stories:
            for code in story.links:
                client.pay(code)
            for code in story.cash:
                _take_cash(engine, story.business.slug, code)
            lived = live_the_day(engine, story)
            teller.note(
                f"{story.business.name}: {len(story.links)} by link, "
                f"{len(story.cash) + lived} in cash"
            )
    with teller.step("The relay hears of it and sends out what follows"):
        _settle(engine, stories)


def _spend(stage: Stage, engine: Engine, stories: list[Fortnight], teller: Teller) -> None:
    from bookra.commands.story import purse
    from bookra.commands.story.stage import until
    from bookra.config import sandbox_address
    from bookra.sandbox import SandboxClient

    client = SandboxClient(sandbox_address(stage.settings))
    with teller.step("Gift cards, payments in parts, a refund, a dispute, Stripe's payout, payday"):
        purses = [(story, purse.spend(engine, client, story)) for story in stories]
        _watch(engine, 0, lambda _: None)
        for story, spent in purses:
            purse.follow(engine, client, story, spent)
        until(
            lambda: not any(engine.ask(story.business.slug, purse.unsettled) for story in stories),
            "what Stripe moved is not all here",
            seconds=60,
        )
        _watch(engine, 0, lambda _: None)
        for story, spent in purses:
            for line in spent.notes:
                teller.note(f"{story.business.name}: {line}")
    for story in stories:
        drafts, due = purse.payday(engine, story), engine.ask(story.business.slug, purse.owed)
        paid = sum(draft.net.minor for draft in drafts)
        teller.claim(
            f"{story.business.name}: payday is {due}, as the ledger says", paid == due.minor > 0
        )


def _take_cash(engine: Engine, slug: str, code: str) -> None:
    from bookra.engine.payments.taking import take_cash

    engine.act(slug, lambda tx: take_cash(tx, code), command="demo pay")


def _settle(engine: Engine, stories: list[Fortnight]) -> None:
    """Wait until every link is paid here too, its fee is booked, and nothing is on its way."""
    from bookra.commands.story.stage import until
    from bookra.engine.bookings.store import booking_by_code

    def paid(slug: str, code: str) -> bool:
        return not engine.ask(slug, lambda tx: booking_by_code(tx, code)).due

    def settled() -> bool:
        return all(
            all(paid(story.business.slug, code) for code in story.links)
            and not engine.ask(story.business.slug, _in_clearing)
            for story in stories
        )

    until(settled, "the payments are not all here", seconds=90)
    _watch(engine, 0, lambda _: None)


def _in_clearing(tx: Tx) -> int:
    """Return what is paid, but not yet matched by a balance transaction."""
    from bookra.engine.ledger import chart
    from bookra.engine.ledger.store import balances

    return next((a.balance.minor for a in balances(tx) if a.code == chart.CLEARING), 0)


def _prove(stage: Stage, engine: Engine, teller: Teller) -> list[str]:
    from bookra.commands.story.proofs import gather

    teller.heading("The proofs")
    outside = stage.outside()
    for proof in gather(engine, stage.settings, outside):
        teller.proof(proof)
    return teller.failed


def _this_morning() -> datetime:
    """Return early today: the clock by which the fortnight is booked."""
    return datetime.now(UTC).replace(hour=OPENING_HOUR, minute=0, second=0, microsecond=0)


def _clear(settings: Settings) -> bool:
    """Drop the demo's database and its stand-ins' state, and nothing else."""
    from bookra.bootstrap import drop_database

    dropped = drop_database(settings)
    shutil.rmtree(settings.sandbox_dir, ignore_errors=True)
    return dropped

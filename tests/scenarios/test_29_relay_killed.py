"""Scenario 29: the relay is killed (-9) at each step of a delivery, and every effect is single.

A message has no idempotency at the other side: it goes out once, or is shown as ``unknown`` when
the kill leaves that open; it never goes out twice.
"""

from __future__ import annotations

import signal

import pytest
from command_line import CommandLine
from connected import ONCE_PAID, Connected

from bookra.engine.bookings.model import Booking, Status
from bookra.relay.crash import STEPS

KILLS = [
    *((step, "message.send") for step in STEPS),
    ("after-call", "payment.request"),
    ("before-settle", "payment.request"),
    ("after-call", "calendar.upsert"),
    ("before-settle", "invoice.issue"),
    ("before-settle", "commission.split"),
]
"""The story, told once for each kind; test_kill_sweep.py kills every topic at every step."""

# How a message ends whose own delivery was killed: (sent, open rows).
TOLD, UNKNOWN = (1, []), [("message.send", "unknown")]
MESSAGE_ENDS = {
    "claimed": TOLD,
    "before-call": (0, UNKNOWN),
    "after-call": (1, UNKNOWN),
    "before-settle": (1, UNKNOWN),
    "settled": TOLD,
}


@pytest.mark.parametrize(("step", "topic"), KILLS)
def test_a_relay_killed_at_any_step_leaves_each_effect_single(
    luna: Connected, bookra: CommandLine, step: str, topic: str
) -> None:
    booking = luna.book_with_link()
    if topic == "payment.request":
        kill(bookra, step, topic)
        catch_up(luna)
        luna.pay(booking)
    else:
        luna.drain()
        luna.pay(booking)
        kill(bookra, step, topic)
    catch_up(luna)
    assert luna.booking(booking).status is Status.CONFIRMED
    assert not luna.booking(booking).due
    assert {**luna.seen(booking), "messages": 1} == ONCE_PAID
    assert how_the_message_ended(luna, booking) in possible_ends(step, topic)
    luna.prove_the_money()


@pytest.mark.parametrize("step", ["after-call", "before-settle"])
def test_a_relay_killed_in_a_refund_gives_the_money_back_once(
    luna: Connected, bookra: CommandLine, step: str
) -> None:
    booking = luna.book_with_link()
    luna.drain()
    luna.take_cash(booking)
    luna.pay(booking)
    kill(bookra, step, "payment.refund")
    catch_up(luna)
    assert luna.seen(booking)["refunds"] == 1
    assert luna.stripe_list("refunds")[0]["amount"] == booking.price.minor
    assert luna.entries()["late_payment_refund"] == 1
    luna.prove_the_money()


def test_another_relay_takes_over_when_the_lease_of_a_killed_one_has_run_out(
    luna: Connected, bookra: CommandLine
) -> None:
    booking = luna.book()
    with bookra.start(
        "relay", "run", "--lease", "1", BOOKRA_CRASH="after-call:calendar.upsert"
    ) as first:
        assert first.wait(20) == -signal.SIGKILL
    with bookra.start("relay", "run", "--lease", "1") as second:
        luna.until(lambda: "calendar.upsert" in {row.topic for row in luna.rows("delivered")})
        second.terminate()
        assert second.wait(20) == 0
    assert luna.seen(booking)["events"] == 1


def kill(bookra: CommandLine, step: str, topic: str) -> None:
    """Run a relay that dies at ``step`` of its first delivery of ``topic``."""
    died = bookra("relay", "drain", "--lease", "1", BOOKRA_CRASH=f"{step}:{topic}")
    assert died.code == -signal.SIGKILL, died.stderr


def catch_up(luna: Connected) -> None:
    """Let another relay take over what the dead one had leased."""
    luna.let_leases_lapse()
    luna.drain_past_failures()


def how_the_message_ended(luna: Connected, booking: Booking) -> tuple[int, list[tuple[str, str]]]:
    """Return how many messages went out, and what is still open here."""
    return luna.seen(booking)["messages"], [(row.topic, row.state) for row in luna.rows()]


def possible_ends(step: str, topic: str) -> list[tuple[int, list[tuple[str, str]]]]:
    """Return how a message may end by a kill at this step: of another topic, in any way."""
    if topic == "payment.request":
        return [TOLD]  # nothing is told before the payment
    return [MESSAGE_ENDS[step]] if topic == "message.send" else list(MESSAGE_ENDS.values())

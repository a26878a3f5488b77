"""Minutes in which everything fails: relays are killed, providers misbehave, sessions are ended.

A salon works on all the while, by the tests' own machinery (``tests/tormenting.py``); two relays
deliver, poll and receive webhooks. Then the faults stop, everything drains, and the judge looks:
nothing is lost, nothing is there twice, each message was delivered, refused or is in doubt, and the
ledger equals Stripe. The seed and the commit that are printed do the same again.

    python benchmarks/soak.py --minutes 5 --seed 7
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import text
from timing import publish

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from connected import Connected, connected_salon  # noqa: E402 - from the tests' folder
from databases import FOLDER_VARIABLE, Server  # noqa: E402 - as above
from relays import relays  # noqa: E402 - as above
from runs import Run  # noqa: E402 - as above
from single_effects import problems  # noqa: E402 - as above
from tormenting import Torment  # noqa: E402 - as above

from bookra.config import Settings  # noqa: E402 - as above
from bookra.engine.database import open_pool  # noqa: E402 - as above
from bookra.relay import log  # noqa: E402 - as above

DELIVERED = text(
    "SELECT topic, count(*) AS effects FROM outbox_history"
    " WHERE tenant_id = :tenant_id AND outcome = 'delivered' GROUP BY topic"
)


def main() -> int:
    """Torment a salon, print the verdict, and exit 1 when something is wrong."""
    given = _options()
    log.set_level("off")
    run = Run()
    os.environ[FOLDER_VARIABLE] = str(run.folder)
    try:
        with ExitStack() as opened:
            server = Server(run.folder)
            opened.callback(server.close)
            database = opened.enter_context(server.fresh())
            pool = open_pool(database.conninfo, size=10)
            opened.callback(pool.dispose)
            settings = Settings(home=run.folder / "salon", database_url=database.url)
            luna = opened.enter_context(connected_salon(database, pool, settings))
            assert settings.database_url is not None
            paddock = opened.enter_context(relays(settings.home, settings.database_url))
            torment = Torment(luna, paddock, given.seed)
            wrong = _tormented(torment, given.minutes * 60)
            publish("soak", [_verdict(luna, torment, given, wrong)])
    finally:
        run.end()
    return 1 if wrong else 0


def _tormented(torment: Torment, seconds: float) -> list[str]:
    """Break things for so long, let them settle; returns what is wrong then."""
    until = time.monotonic() + seconds
    torment.connect_mail()
    torment.connect_webhooks()
    torment.go(lambda _: time.monotonic() < until, pause_seconds=2.0, faults=True, backends=True)
    try:
        torment.settle()
        wrong = problems(torment.luna)
        torment.luna.prove_the_money()
    except AssertionError as found:
        return [str(found)]
    return wrong


def _verdict(luna: Connected, torment: Torment, given: argparse.Namespace, wrong: list[str]) -> str:
    found = luna.salon.ask(lambda tx: tx.rows(DELIVERED))
    delivered: Counter[str] = Counter({row.topic: row.effects for row in found})
    left = Counter(f"{row.topic} {row.state}" for row in luna.rows())
    shown = luna.outside.show()
    outside = {
        "charges": shown["stripe"]["charges"],
        "refunds": shown["stripe"]["refunds"],
        "events": len(shown["calendar"]["events"]),
        "messages": len(shown["whatsapp"]["messages"]),
        "mails": len(shown["mail"]["messages"]),
    }
    lines = [
        f"{given.minutes:g} minutes · seed {given.seed} · commit {_commit()}",
        "done       " + _listed(torment.counts),
        "delivered  " + _listed(delivered),
        "left       " + (_listed(left) or "nothing"),
        "outside    " + _listed(Counter(outside)),
        "verdict    " + ("; ".join(wrong) or "nothing lost, nothing doubled, Stripe = ledger"),
    ]
    return "\n".join(lines)


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))


def _commit() -> str:
    asked = ["git", "-C", str(HERE), "rev-parse", "--short", "HEAD"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=5.0)
    options.add_argument("--seed", type=int, default=random.randrange(1, 10**9))
    return options.parse_args()


if __name__ == "__main__":
    sys.exit(main())

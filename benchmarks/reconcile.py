"""``reconcile stripe`` at 100,000 and at 1,000,000 movements: how long, how much memory, of what.

Payments and their balance transactions over a thousand days are copied into the ledger and into
the stand-in's file by an administrator; the days are closed by the engine itself. Of 100,000 the
command is run as people run it, against a served stand-in. Of both sizes the proof is made by a
process of its own from a file of Stripe's answer, which is what the command makes it from; the
kernel says what that took. ``--fetch-all`` runs the command on the million too: 10,000 pages.

The floors read the same and compare nothing: the pages, decoded by a bare client; the file and the
movements and the sums of all accounts, by plain SELECTs. Run it:
``python benchmarks/reconcile.py --home DIR``; a folder that is named is kept.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
from homes import kept_home
from reconcile_filled import DAYS, SLUG, Filled, filled_ledger
from sqlalchemy import text
from timing import publish, table

from bookra import bootstrap
from bookra.clock import from_epoch
from bookra.config import Settings, sandbox_address
from bookra.engine.reports.reconcile import reconcile
from bookra.engine.reports.reconcile_model import StripeAnswer, StripeFact
from bookra.engine.runtime import Tx
from bookra.relay.facts import stripe_answer

SIZES = {"small": 100_000, "large": 1_000_000}

TOLD = text(
    """
    SELECT txn_ref, type, category, source_ref, '' AS operation, amount_minor, fee_minor, net_minor,
           rtrim(currency) AS currency, extract(epoch FROM moved_at)::bigint AS moved_at
      FROM movements WHERE tenant_id = :tenant_id ORDER BY moved_at DESC, txn_ref
    """
)
MOVEMENTS = text(
    """
    SELECT txn_ref, type, source_ref, amount_minor, fee_minor, net_minor, currency, moved_at
      FROM movements WHERE tenant_id = :tenant_id ORDER BY moved_at DESC
    """
)
SUMS = text(
    """
    SELECT account_id, sum(amount_minor) FROM postings
     WHERE tenant_id = :tenant_id GROUP BY account_id
    """
)


def main() -> None:
    """Fill what is missing, run the proof of both sizes, and publish the figures."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--home", type=Path, help="a folder that is kept")
    options.add_argument("--fetch-all", action="store_true", help="fetch the million too")
    options.add_argument("--prove", choices=SIZES, help=argparse.SUPPRESS)
    given = options.parse_args()
    rows = []
    with kept_home(given.home) as home:
        if given.prove:
            _prove(filled_ledger(home, given.prove, SIZES[given.prove]))
            return
        for name, size in SIZES.items():
            with _stopping(filled_ledger(home, name, size)) as filled:
                if name == "small" or given.fetch_all:
                    rows += _whole(filled)
                rows += _proof(home, filled)
    publish(
        "reconcile",
        [
            f"{SIZES['small']:,} and {SIZES['large']:,} movements over {DAYS} days, fsync on",
            f"Load of the machine at the end: {os.getloadavg()[0]:.1f}",
            table(("movements", "what", "seconds", "of the floor", "peak MiB"), rows),
        ],
    )


def _whole(filled: Filled) -> list[list[str]]:
    """Return a row each for reading the pages, fetching the answer, and the whole command."""
    with _served(filled.settings):
        pages, fetched = _pages(filled), _fetched(filled)
        command, peak = _run(["-m", "bookra", "reconcile", "stripe", "--json"], filled.settings)
    return [
        _row(filled, "floor: the same pages, decoded", pages, pages),
        _row(filled, "fetching", fetched, pages),
        _row(filled, "the command", command, pages, peak),
    ]


def _proof(home: Path, filled: Filled) -> list[list[str]]:
    """Return a row each for the floor and the proof, both from the file of the answer."""
    _write_answer(filled)
    floor = _floor(filled)
    words = [__file__, "--home", str(home), "--prove", filled.name]
    proved, peak = _run(words, filled.settings)
    return [
        _row(filled, "floor: file and plain SELECTs", floor, floor),
        _row(filled, "proving, a process", proved, floor, peak),
    ]


def _row(filled: Filled, what: str, taken: float, floor: float, peak: float = 0) -> list[str]:
    memory = f"{peak:.0f}" if peak else ""
    return [f"{filled.movements:,}", what, f"{taken:.1f}", f"{taken / floor:.2f}", memory]


def _pages(filled: Filled) -> float:
    """Read every page with a bare client; return the seconds."""
    headers = {
        "Authorization": f"Bearer {filled.stripe.secret_key}",
        "Stripe-Account": filled.stripe.id,
        "Stripe-Version": "2026-10-28.endive",
    }
    begun, seen, cursor = time.perf_counter(), 0, {}
    url = sandbox_address(filled.settings)
    with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=60) as http:
        while True:
            params = {"limit": "100", "expand[]": "data.source", **cursor}
            page = http.get("/v1/balance_transactions", params=params).raise_for_status().json()
            seen += len(page["data"])
            if not page["has_more"]:
                break
            cursor = {"starting_after": page["data"][-1]["id"]}
    assert seen == filled.movements, f"{seen} movements were served"
    return time.perf_counter() - begun


def _fetched(filled: Filled) -> float:
    """Fetch the answer as the command does; return the seconds."""
    begun = time.perf_counter()
    with stripe_answer(filled.engine, filled.settings, SLUG, None) as answer:
        assert answer.count == filled.movements
        assert not answer.failure
        return time.perf_counter() - begun


def _floor(filled: Filled) -> float:
    """Read the answer, the recorded movements and the sums of accounts; return the seconds."""

    def question(tx: Tx) -> int:
        tx.rows(SUMS)
        return sum(1 for _ in tx.stream(MOVEMENTS))

    begun = time.perf_counter()
    assert sum(1 for _ in _facts(filled)) == filled.movements
    assert filled.engine.ask(SLUG, question, consistent=True) == filled.movements
    return time.perf_counter() - begun


def _write_answer(filled: Filled) -> None:
    """Write what Stripe tells of each movement, the newest first."""

    def question(tx: Tx) -> None:
        with _answer(filled).open("w", encoding="utf-8") as file:
            for row in tx.stream(TOLD):
                file.write(json.dumps(dict(row._mapping)) + "\n")

    filled.engine.ask(SLUG, question, consistent=True)


def _answer(filled: Filled) -> Path:
    return filled.settings.home / "answer.jsonl"


def _facts(filled: Filled) -> Iterator[StripeFact]:
    with _answer(filled).open(encoding="utf-8") as file:
        for line in file:
            told = json.loads(line)
            yield StripeFact(**{**told, "moved_at": from_epoch(told["moved_at"])})


def _prove(filled: Filled) -> None:
    """Prove the ledger against the answer in the file; the process then ends with what it took."""
    answer = StripeAnswer(
        account_ref=filled.stripe.id,
        begun_at=datetime.now(UTC),
        expected_from=datetime(2000, 1, 1, tzinfo=UTC),
        held={"EUR": sum(fact.net_minor for fact in _facts(filled))},
        count=filled.movements,
        facts=lambda: _facts(filled),
        settles_in="EUR",
    )
    (proof,) = filled.engine.ask(SLUG, lambda tx: reconcile(tx, answer), consistent=True)
    assert proof.ok, proof.drift[:3] or proof.proof
    assert proof.entries == proof.balance_transactions == filled.movements
    filled.engine.close()


def _run(words: list[str], settings: Settings) -> tuple[float, float]:
    """Run Python on something; return its seconds, and its own peak memory in MiB."""
    begun = time.perf_counter()
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, *words],
        _environment(settings),
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"{' '.join(words)} ended with {status}")
    return time.perf_counter() - begun, usage.ru_maxrss / 1024


def _environment(settings: Settings) -> dict[str, str]:
    return {
        **os.environ,
        "BOOKRA_HOME": str(settings.home),
        "BOOKRA_DATABASE": settings.database or "",
        "BOOKRA_TENANT": SLUG,
    }


@contextmanager
def _stopping(filled: Filled) -> Iterator[Filled]:
    """Close the engine and stop the server at the end."""
    try:
        yield filled
    finally:
        filled.engine.close()
        bootstrap.embedded_server(filled.settings).stop()


@contextmanager
def _served(settings: Settings) -> Iterator[None]:
    """Serve the stand-in from a process of its own."""
    environment, command = (
        _environment(settings),
        [sys.executable, "-m", "bookra", "sandbox", "run"],
    )
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it says where it listens
        try:
            yield
        finally:
            process.terminate()


if __name__ == "__main__":
    main()

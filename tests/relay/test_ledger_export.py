"""The exported ledger of a random month: Beancount and hledger add it up to the cent, to our sums.

The month is walked as in ``test_money_walk``, every kind of move at least once, with pay, rent of
the drawer and expenses besides. ``bean-check`` and ``hledger`` are run as programs; the tolerance
is zero. hledger is a package of the system's (``apt-get install hledger``), not of Python's.
"""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from connected import Connected
from relay.test_money_walk import MOVES, Walk, pay_by_link

from bookra.clock import local_day
from bookra.engine.ledger.export import export
from bookra.engine.ledger.export_text import beancount_account
from bookra.engine.ledger.reading import balances
from bookra.engine.payments.taking import take
from bookra.engine.prices.discounts import discount_by_hand
from bookra.engine.runtime import Tx
from bookra.engine.till import drawer
from bookra.errors import InvalidInputError
from bookra.money import format_minor

BEAN_CHECK = Path(sys.executable).with_name("bean-check")
HLEDGER = shutil.which("hledger")
SEED = 20261123
POSTING = re.compile(r"^  ([A-Z]\S+)  (-?[\d.]+) [A-Z]{3}$", re.MULTILINE)


def exported(luna: Connected, format_: str, *days: date | None) -> str:
    return luna.salon.engine.ask(
        luna.slug, lambda tx: "".join(export(tx, format_, *days)), consistent=True
    )


def bean_check(folder: Path, text: str) -> str:
    """Return what bean-check complains of."""
    file = folder / "ledger.beancount"
    file.write_text(text, "utf-8")
    done = subprocess.run(
        [BEAN_CHECK, "--no-cache", file], capture_output=True, text=True, check=False
    )
    assert (done.returncode == 0) == (not done.stderr)
    return done.stderr


def hledger(folder: Path, text: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run hledger on a journal, with nobody's settings."""
    assert HLEDGER is not None
    file = folder / "ledger.journal"
    file.write_text(text, "utf-8")
    return subprocess.run(
        [HLEDGER, "-f", file, *words],
        env={"LANG": "C.UTF-8", "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def walked(luna: Connected) -> Connected:
    """A salon in which everything that moves money happened."""
    walk, random = Walk(luna), Random(SEED)
    pay_by_link(walk, 0, 1)
    moves = [*MOVES, *random.choices(MOVES, k=8)]
    random.shuffle(moves)
    for move in moves:
        move(walk, random.randrange(10**6), random.randrange(1, 6000))
    luna.salon.act(lambda tx: till_of_a_day(tx, walk))
    luna.drain_past_failures()
    code = walk.book()
    luna.salon.act(lambda tx: discount_by_hand(tx, code, amount=walk.money(500)))
    luna.salon.act(lambda tx: take(tx, code, "cash"))
    luna.drain_past_failures()
    return luna


def till_of_a_day(tx: Tx, walk: Walk) -> None:
    drawer.open_drawer(tx, walk.money(10_000))
    drawer.move(tx, walk.money(1230), 'Milk; "oat" \\ fresh', into=False, expense=True)
    drawer.close(tx, walk.money(8720), walk.money(5000))


def test_a_month_is_exported_to_the_cent(walked: Connected, tmp_path: Path) -> None:
    beancount_comes_to_our_balances(walked, tmp_path)
    a_period_begins_with_what_was_before_it(walked, tmp_path)
    csv_and_hledger_hold_the_same_postings(walked)


def beancount_comes_to_our_balances(walked: Connected, tmp_path: Path) -> None:
    text = exported(walked, "beancount")
    assert bean_check(tmp_path, text) == ""

    ours = {
        beancount_account(each.code): format_minor(each.balance.minor, each.balance.currency)
        for each in walked.salon.ask(balances)
    }
    asserted = dict(re.findall(r"^\S+ balance (\S+) (\S+) ~ 0 EUR$", text, re.MULTILINE))
    assert asserted == ours
    summed: Counter[str] = Counter()
    for account, amount in POSTING.findall(text):
        summed[account] += int(amount.replace(".", ""))
    assert {code: format_minor(minor, "EUR") for code, minor in summed.items()} == ours

    # The judge can say no: a cent more, or a half of it, is refused.
    account, amount = next(iter(asserted.items()))
    for wrong in (f"{amount[:-1]}{(int(amount[-1]) + 1) % 10}", f"{amount}4"):
        line = f"balance {account} {amount} ~"
        assert bean_check(tmp_path, text.replace(line, f"balance {account} {wrong} ~"))
    assert bean_check(tmp_path, POSTING.sub(r"  \1  \g<2>1 EUR", text, count=1))


def a_period_begins_with_what_was_before_it(walked: Connected, tmp_path: Path) -> None:
    today = local_day(walked.salon.ask(lambda tx: tx.now), walked.salon.zone)
    later = exported(walked, "beancount", today + timedelta(days=1), today + timedelta(days=30))
    assert '* "opening balances"' in later
    assert "entry:" not in later
    assert bean_check(tmp_path, later) == ""
    before = exported(walked, "beancount", today - timedelta(days=9), today - timedelta(days=2))
    assert "open " not in before
    with pytest.raises(InvalidInputError):
        exported(walked, "beancount", today, today - timedelta(days=1))
    with pytest.raises(InvalidInputError):
        exported(walked, "ledger-cli")


def csv_and_hledger_hold_the_same_postings(walked: Connected) -> None:
    rows = list(csv.DictReader(io.StringIO(exported(walked, "csv"))))
    sums: Counter[str] = Counter()
    for row in rows:
        sums[row["account"]] += int(row["amount_minor"])
        assert row["amount"] == format_minor(int(row["amount_minor"]), row["currency"])
    ours = {each.code: each.balance.minor for each in walked.salon.ask(balances)}
    assert dict(sums) == ours

    journal = exported(walked, "hledger")
    posted = re.findall(r"^    ([a-z]\S+)  (-?[\d.]+) EUR(?:  ;.*)?$", journal, re.MULTILINE)
    assert len(posted) == len(rows)
    assert Counter(code for code, _ in posted) == Counter(row["account"] for row in rows)
    closing = re.findall(r"^    (\S+)  0.00 EUR = (-?[\d.]+) EUR$", journal, re.MULTILINE)
    assert {code: int(amount.replace(".", "")) for code, amount in closing} == ours


@pytest.mark.skipif(HLEDGER is None, reason="hledger is not installed: apt-get install hledger")
def test_hledger_comes_to_our_balances(walked: Connected, tmp_path: Path) -> None:
    """It is strict: every account and commodity is declared, and every assertion is looked at."""
    journal = exported(walked, "hledger")
    checked = hledger(tmp_path, journal, "check", "--strict", "ordereddates")
    assert (checked.returncode, checked.stderr) == (0, "")
    ours = {
        each.code: format_minor(each.balance.minor, each.balance.currency)
        for each in walked.salon.ask(balances)
    }
    assert hledger_balances(tmp_path, journal) == {
        code: f"{sum_} EUR" for code, sum_ in ours.items()
    }
    total = hledger(tmp_path, journal, "balance", "--depth", "0", "--output-format", "csv")
    assert total.stdout.splitlines()[-1].lower() == '"total","0"'

    today = local_day(walked.salon.ask(lambda tx: tx.now), walked.salon.zone)
    later = exported(walked, "hledger", today + timedelta(days=1), today + timedelta(days=30))
    assert hledger_balances(tmp_path, later) == hledger_balances(tmp_path, journal)

    # The judge can say no: a cent more, or a half of it, is refused.
    account, amount = next((code, sum_) for code, sum_ in ours.items() if sum_ != "0.00")
    for wrong in (f"{amount[:-1]}{(int(amount[-1]) + 1) % 10}", f"{amount}4"):
        said = journal.replace(
            f"    {account}  0.00 EUR = {amount} EUR", f"    {account}  0.00 EUR = {wrong} EUR"
        )
        assert said != journal
        assert hledger(tmp_path, said, "check").returncode == 1


def hledger_balances(folder: Path, journal: str) -> dict[str, str]:
    """Return what hledger adds up on each account, zeros too."""
    words = ("--flat", "--empty", "--no-total", "--no-elide", "--output-format", "csv")
    told = hledger(folder, journal, "balance", *words)
    assert (told.returncode, told.stderr) == (0, "")
    rows = {row["account"]: row["balance"] for row in csv.DictReader(io.StringIO(told.stdout))}
    return {code: "0.00 EUR" if sum_ == "0" else sum_ for code, sum_ in rows.items()}

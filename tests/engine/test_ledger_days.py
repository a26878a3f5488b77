"""Closed days: snapshots that agree with every sum, and a chain in which any change shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import pytest
from factories import Salon
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from racing import together
from sqlalchemy import text

from bookra.engine import runtime
from bookra.engine.database import SETTLED_AFTER_SECONDS, open_pool
from bookra.engine.ledger.days import close_all, oldest_open
from bookra.engine.ledger.entry import Draft, Posting
from bookra.engine.ledger.reading import LAST_CLOSED, balances, is_provisional
from bookra.engine.ledger.store import post
from bookra.engine.ledger.verify import Verification, verify
from bookra.errors import UnavailableError
from bookra.ids import new_id

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
NOON = timedelta(hours=12)
CODES = ("assets:cash:drawer", "assets:bank", "income:services", "liabilities:deposits")

POST_EARLIER = text("UPDATE bookra.entries SET posted_at = posted_at - :span WHERE key LIKE :keys")


def draft(key: str, effective_at: datetime, debit: str, credit: str, minor: int) -> Draft:
    return Draft(key, "test", effective_at, "EUR", (Posting(debit, minor), Posting(credit, -minor)))


def as_administrator(salon: Salon, *statements: str, **binds: object) -> None:
    pool = open_pool(salon.database.administrator, pooled=False)
    with pool.begin() as connection:
        for statement in statements:
            connection.execute(text(statement), binds)


def posted(salon: Salon, day: datetime, *drafts: Draft) -> None:
    """Post entries as if at noon of a day; only an administrator can."""
    salon.act(lambda tx: [post(tx, each) for each in drafts])
    as_administrator(
        salon,
        "UPDATE bookra.entries SET posted_at = :at WHERE key = ANY(:keys)",
        "UPDATE bookra.accounts SET opened_at = LEAST(opened_at, :at)",
        at=day + NOON,
        keys=[each.key for each in drafts],
    )


def close(salon: Salon) -> list[date]:
    return [closed.day for closed in close_all(salon.engine, salon.slug, command="close")]


def proof(salon: Salon, noted: str | None = None) -> Verification:
    return salon.engine.ask(salon.slug, lambda tx: verify(tx, noted=noted), consistent=True)


@pytest.fixture
def book(salon: Salon) -> Salon:
    """A salon that posted on each of three days, the last of which is yesterday; all closed."""
    now = salon.at(datetime.now(UTC))
    for ago in (3, 2, 1):
        day = TODAY - timedelta(days=ago)
        posted(
            now,
            day,
            draft(f"sale-{ago}", day, CODES[0], CODES[2], 1000 * ago),
            draft(f"late-{ago}", day - timedelta(days=2), CODES[0], CODES[1], 7 * ago),
        )
    assert close(now) == [(TODAY - timedelta(days=ago)).date() for ago in (3, 2, 1)]
    assert proof(now).ok
    return now


def test_a_day_is_closed_once_nothing_can_be_posted_in_it_any_more(salon: Salon) -> None:
    day = TODAY - timedelta(days=5)
    posted(salon, day, draft("k-1", day, CODES[0], CODES[2], 500))
    after = day + timedelta(days=1, seconds=SETTLED_AFTER_SECONDS)
    assert close(salon.at(after - timedelta(seconds=1))) == []
    assert close(salon.at(after)) == [day.date()]
    assert close(salon.at(after)) == []


def test_two_closers_at_once_close_a_day_once(salon: Salon) -> None:
    day = TODAY - timedelta(days=2)
    posted(salon, day, draft("k-1", day, CODES[0], CODES[2], 500))
    now = salon.at(datetime.now(UTC))

    def run() -> str:
        return str(len(close(now)))

    assert sorted(together([run] * 4)) == ["0", "0", "0", "1"]
    assert (proof(now).days, proof(now).problems) == (1, ())


def test_a_day_without_entries_needs_no_closing(book: Salon) -> None:
    assert book.ask(oldest_open) is None
    assert close(book.later(days=30)) == []


def test_an_entry_that_takes_effect_in_the_past_leaves_closed_days_as_they_were(
    book: Salon,
) -> None:
    before = proof(book)
    late = draft("of-last-week", TODAY - timedelta(days=7), CODES[0], CODES[2], 99)
    book.act(lambda tx: post(tx, late))
    after = proof(book)
    assert (after.ok, after.head) == (True, before.head)
    week_ago = (TODAY - timedelta(days=6)).date()
    (drawer,) = book.ask(lambda tx: balances(tx, CODES[0], before=week_ago))
    assert drawer.balance.minor == 99


ENTRIES = st.lists(
    st.tuples(
        st.integers(1, 6),  # days ago posted
        st.integers(0, 9),  # days earlier that it took effect
        st.sampled_from([(a, b) for a in CODES for b in CODES if a != b]),
        st.integers(1, 10**9),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ENTRIES, st.integers(0, 6), st.integers(0, 15))
def test_a_balance_by_snapshots_is_the_sum_of_all_transfers(
    salon: Salon,
    drawn: list[tuple[int, int, tuple[str, str], int]],
    as_of_ago: int,
    before_ago: int,
) -> None:
    now = salon.at(datetime.now(UTC))
    for made, (ago, earlier, (debit, credit), minor) in enumerate(drawn):
        day = TODAY - timedelta(days=ago)
        last_closed = now.ask(lambda tx: tx.rows(LAST_CLOSED))[0].day
        if last_closed is not None and day.date() <= last_closed:
            day = TODAY  # a closed day takes nothing more
        effective_at = day - timedelta(days=earlier)
        posted(now, day, draft(str(new_id()), effective_at, debit, credit, minor))
        if made % 5 == 4:
            close(now)
    as_of = TODAY - timedelta(days=as_of_ago) + timedelta(hours=18)
    before = (TODAY - timedelta(days=before_ago)).date()
    for moment, day in ((None, None), (as_of, None), (None, before), (as_of, before)):
        found = now.ask(lambda tx, m=moment, d=day: balances(tx, as_of=m, before=d))
        shown = {each.code: each.balance.minor for each in found if each.balance.minor}
        assert shown == plainly(now, moment, day)
        for code, minor in shown.items():
            (one,) = now.ask(lambda tx, c=code, m=moment, d=day: balances(tx, c, as_of=m, before=d))
            assert one.balance.minor == minor
    assert proof(now).ok


def plainly(salon: Salon, as_of: datetime | None, before: date | None) -> Mapping[str, int]:
    """Add up every transfer in Python."""
    every = text(
        "SELECT e.posted_at, e.effective_at, a.code, p.amount_minor FROM entries e"
        " JOIN postings p ON p.entry_id = e.id JOIN accounts a ON a.id = p.account_id"
        " WHERE e.tenant_id = :tenant_id"
    )
    sums: Counter[str] = Counter()
    for row in salon.ask(lambda tx: tx.rows(every)):
        known = as_of is None or row.posted_at <= as_of
        earlier = before is None or row.effective_at.astimezone(salon.zone).date() < before
        if known and earlier:
            sums[row.code] += row.amount_minor
    return {code: minor for code, minor in sums.items() if minor}


def test_what_was_known_at_a_moment_stays_what_it_was(book: Salon) -> None:
    moment = TODAY - timedelta(days=1)
    first = book.ask(lambda tx: balances(tx, as_of=moment))
    for number in range(3):
        late = draft(f"later-{number}", moment - NOON, CODES[0], CODES[2], 100)
        book.act(lambda tx, late=late: post(tx, late))
        assert book.ask(lambda tx: balances(tx, as_of=moment)) == first
    assert not book.ask(lambda tx: is_provisional(tx, moment))
    assert book.ask(lambda tx: is_provisional(tx, tx.now))


OF_FIRST = "(SELECT id FROM bookra.entries WHERE key = 'sale-3')"
OF_YESTERDAY = "(SELECT id FROM bookra.entries WHERE key LIKE '%-1')"
OLDEST = "(SELECT min(day) FROM bookra.ledger_days)"
SLIP_IN = (
    "INSERT INTO bookra.entries (tenant_id, id, key, kind, effective_at, posted_at)"
    " SELECT tenant_id, gen_random_uuid(), 'slipped', 'test', posted_at, posted_at - {earlier}"
    " FROM bookra.entries WHERE key = 'sale-3'"
)
ANOTHER_SNAPSHOT = (
    "INSERT INTO bookra.ledger_snapshots (tenant_id, id, account_id, effective_on, posted_on,"
    " debit_minor, credit_minor) SELECT tenant_id, gen_random_uuid(), account_id,"
    " effective_on - 400, posted_on, 1, 1 FROM bookra.ledger_snapshots LIMIT 1"
)


def of_entry(change: str) -> str:
    return f"UPDATE bookra.entries SET {change} WHERE key = 'sale-3'"


def of_transfer(change: str) -> str:
    return f"UPDATE bookra.transfers SET {change} WHERE entry_id = {OF_FIRST}"


def without(entries: str) -> str:
    return (
        f"DELETE FROM bookra.transfers WHERE entry_id IN {entries};"
        f" DELETE FROM bookra.entries WHERE id IN {entries}"
    )


TAMPERED = {
    "is not what it was when it was closed": {
        "another amount": of_transfer("amount_minor = 1"),
        "another line": of_transfer("line = 3"),
        "the sides changed": of_transfer(
            "debit_account_id = credit_account_id, credit_account_id = debit_account_id"
        ),
        "another day of effect": of_entry("effective_at = effective_at - interval '1 month'"),
        "another author": of_entry("recorded_by = 'somebody'"),
        "another memo": of_entry("memo = 'gift'"),
        "another kind": of_entry("kind = 'gift'"),
        "another key": of_entry("key = 'other'"),
        "a microsecond": of_entry("posted_at = posted_at + interval '1 microsecond'"),
        "moved to the next day": of_entry("posted_at = posted_at + interval '1 day'"),
        "an account renamed": "UPDATE bookra.accounts SET code = code || '-2'",
        "an entry taken out": without(OF_FIRST),
        "an entry slipped in": SLIP_IN.format(earlier="interval '0'"),
        "a day's digest": f"UPDATE bookra.ledger_days SET hash = '0' WHERE day = {OLDEST}",
    },
    "has entries that came after later days were closed": {
        "an entry before the first day": SLIP_IN.format(earlier="interval '9 days'"),
    },
    "and has none now": {"a whole day taken out": without(OF_YESTERDAY)},
    "does not continue the day before it": {
        "a link of the chain": f"DELETE FROM bookra.ledger_days WHERE day = {OLDEST}",
    },
    "disagree with its transfers": {
        "a snapshot": "UPDATE bookra.ledger_snapshots SET debit_minor = debit_minor + 1",
        "a snapshot too many": ANOTHER_SNAPSHOT,
    },
    "has snapshots, but is not closed": {
        "a snapshot of no day": "UPDATE bookra.ledger_snapshots SET posted_on = posted_on - 400",
    },
}
CASES = [
    pytest.param(problem, statements, id=what)
    for problem, cases in TAMPERED.items()
    for what, statements in cases.items()
]


@pytest.mark.parametrize(("problem", "statements"), CASES)
def test_an_administrator_who_changes_the_past_is_found(
    book: Salon, problem: str, statements: str
) -> None:
    as_administrator(book, *statements.split(";"))
    found = proof(book)
    assert any(problem in each for each in found.problems), found.problems


def test_one_broken_day_does_not_accuse_the_others(book: Salon) -> None:
    as_administrator(book, of_entry("memo = 'gift'"))
    (problem,) = proof(book).problems
    assert str((TODAY - timedelta(days=3)).date()) in problem


def test_who_writes_the_whole_chain_anew_is_found_by_a_digest_noted_before(book: Salon) -> None:
    noted = proof(book).head
    as_administrator(
        book,
        of_entry("memo = 'gift'"),
        "DELETE FROM bookra.ledger_days",
        "DELETE FROM bookra.ledger_snapshots",
    )
    assert len(close(book)) == 3
    assert proof(book).ok
    (problem,) = proof(book, noted).problems
    assert "written anew" in problem


def test_a_noted_digest_stays_in_the_chain_when_days_are_added(book: Salon) -> None:
    noted = proof(book).head
    book.act(lambda tx: post(tx, draft("today", TODAY, CODES[0], CODES[2], 5)))
    tomorrow = book.at(datetime.now(UTC) + timedelta(days=2))
    assert len(close(tomorrow)) == 1
    assert proof(tomorrow, noted).ok
    assert proof(tomorrow).head != noted


def test_a_transaction_that_lasts_too_long_is_not_kept(
    salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise it could still post into a day that is closed."""
    monkeypatch.setattr(runtime, "LONGEST_TRANSACTION_SECONDS", -1)
    with pytest.raises(UnavailableError, match="nothing of it was kept"):
        salon.act(lambda tx: post(tx, draft("k-1", TODAY, CODES[0], CODES[2], 500)))
    assert salon.balances() == {}

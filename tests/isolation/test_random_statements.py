"""An operator who tries everything for hours: seeded random statements reveal no neighbour.

``BOOKRA_TEST_WALKS`` gives how many lines each role says instead; ``BOOKRA_TEST_SEED`` says the
same ones again. A failure prints both the seed and the line.
"""

from __future__ import annotations

import os
import random
import re
from collections import Counter

from shown import Shown
from statements import Babbler, Language
from street import Spy, Street
from test_every_object import TELLTALE, claims

LINES = int(os.environ.get("BOOKRA_TEST_WALKS", "150"))
SEED = int(os.environ.get("BOOKRA_TEST_SEED", "0")) or random.randrange(1, 1 << 31)


def language(street: Street, spy: Spy) -> Language:
    """Return what there is to ask about: our relations, some ids of the neighbour's."""
    columns: dict[str, list[str]] = {}
    for table, column in spy.session.execute(
        "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relnamespace = 'bookra'::regnamespace AND c.relkind IN ('r', 'v')"
        " AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, a.attnum"
    ).fetchall():
        columns.setdefault(str(table), []).append(str(column))
    theirs = [str(street.theirs.tenant.id), *sorted(street.ids)[:20]]
    mine = [str(street.mine.tenant.id)]
    spelled = [claim.split("'")[3] for claim in claims(street)]
    return Language(columns, theirs + mine, mine * 3 + theirs[:1] * 3 + spelled)


def test_whatever_is_said_no_neighbours_mark_is_answered(street: Street, spy: Spy) -> None:
    shown = Shown.read()
    spy.session.execute(TELLTALE)
    babbler = Babbler(language(street, spy), SEED)
    outcomes: Counter[str] = Counter()
    for number in range(LINES):
        line = babbler.line()
        answer = spy.answer(*line)
        learned = spy.learned(shown.without(answer), *line)
        assert learned == set(), f"BOOKRA_TEST_SEED={SEED}, line {number}: {line}"
        outcomes[_outcome(answer)] += 1
    # A grammar whose every line is refused as nonsense would prove nothing.
    assert outcomes["answered"] > LINES / 5, (SEED, outcomes)
    assert outcomes["misspelled"] < LINES / 4, (SEED, outcomes)


def _outcome(answer: str) -> str:
    if "syntax error" in answer:
        return "misspelled"
    if "permission denied" in answer or "must be owner" in answer:
        return "refused"
    tags = re.search(
        r"^(SELECT|INSERT|UPDATE|DELETE|MERGE|EXPLAIN|FETCH|TABLE) ?", answer, re.MULTILINE
    )
    return "answered" if tags else "failed"

"""What audit rows are about: ``kind:id``, with a code or slug instead of the id where one is known.

Names of people are never shown for them, and neither are codes that are worth money by themselves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import text

from bookra.engine.runtime import Tx

LABELLED: Mapping[str, tuple[str, str]] = {
    "booking": ("bookings", "code"),
    "order": ("orders", "code"),
    "membership": ("memberships", "code"),
    "package": ("packages", "code"),
    "promo": ("promo_codes", "code"),
    "session": ("sessions", "code"),
    "wish": ("wishes", "code"),
    "staff": ("bookables", "slug"),
    "resource": ("bookables", "slug"),
    "service": ("services", "slug"),
    "location": ("locations", "slug"),
    "product": ("products", "slug"),
    "plan": ("membership_plans", "slug"),
}
"""By kind of subject: the table that has it, and the column that people name it by."""

BY_ID = {
    kind: text(
        f"SELECT id, {label} AS label FROM {table}"  # noqa: S608 - constants
        " WHERE tenant_id = :tenant_id AND id = ANY(:ids)"
    )
    for kind, (table, label) in LABELLED.items()
}
BY_LABEL = {
    kind: text(
        f"SELECT id FROM {table}"  # noqa: S608 - constants
        f" WHERE tenant_id = :tenant_id AND {label} = ANY(:labels)"
    )
    for kind, (table, label) in LABELLED.items()
}


def opened(tx: Tx, listed: Iterable[Sequence[str]]) -> dict[str, str]:
    """Return what to show for each subject of these rows that has a code or slug."""
    wanted: defaultdict[str, set[UUID]] = defaultdict(set)
    for subjects in listed:
        for subject in subjects:
            kind, _, name = subject.partition(":")
            if kind in LABELLED and (id_ := _uuid(name)) is not None:
                wanted[kind].add(id_)
    return {
        f"{kind}:{row.id}": f"{kind}:{row.label}"
        for kind, ids in wanted.items()
        for row in tx.rows(BY_ID[kind], ids=sorted(ids))
    }


def named(tx: Tx, about: str) -> list[str]:
    """Return the subjects that ``about`` may mean: a code, or a kind and an id, slug or number."""
    kind, colon, name = about.partition(":")
    if not colon:
        kinds: Iterable[str] = LABELLED
        name, found = about, []
    else:
        kinds = [kind] if kind in LABELLED else []
        found = [about]
    labels = sorted({name, name.upper(), name.lower()})
    for each in kinds:
        found += [f"{each}:{row.id}" for row in tx.rows(BY_LABEL[each], labels=labels)]
    return found


def _uuid(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None

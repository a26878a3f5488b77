"""Bringing lines in: a transaction for each batch, and for every line what became of it.

A batch is short, so that a hundred thousand lines hold no lock for long. What was kept is known by
its row in ``imported_rows``, which is written with it: an import that was killed is run again and
ends in the same state.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import text

from bookra.engine.imports.columns import Columns
from bookra.engine.people.csv_lines import Sheet
from bookra.engine.runtime import Engine, Tx
from bookra.engine.tenancy.auditing import part
from bookra.errors import BookraError, ConflictError, InvalidInputError, UnavailableError
from bookra.ids import new_id

BATCH_LINES = 500
ROUNDS = 20
"""How often a batch is made again before it is said that others are too quick."""

NEW, SAME, CHANGED, SKIPPED, REFUSED = "new", "same", "changed", "skipped", "refused"

LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
KNOWN = text(
    "SELECT reference, target_id FROM imported_rows"
    " WHERE tenant_id = :tenant_id AND source = :source AND kind = :kind"
    "   AND reference = ANY(:references)"
)
REMEMBER = text(
    "INSERT INTO imported_rows (tenant_id, id, source, kind, reference, target_id)"
    " VALUES (:tenant_id, :id, :source, :kind, :reference, :target_id)"
    " ON CONFLICT (tenant_id, source, kind, reference) DO NOTHING"
)

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file: what its cells say by field."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a line: new, same, changed, skipped or refused; and why, for the last two."""

    line: int
    what: str
    code: str = ""
    reason: str = ""


@dataclass(slots=True)
class Result:
    """What became of the lines: how many of each kind, and the fates of the refused, or of all."""

    fates: list[Fate] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def count(self, what: str) -> int:
        """Return how many lines became that."""
        return self.counts[what]

    @property
    def read(self) -> int:
        """How many lines there were."""
        return self.counts.total()

    @property
    def refused(self) -> list[Fate]:
        """The lines that were not kept."""
        return [fate for fate in self.fates if fate.what == REFUSED]

    def add(self, fates: Iterable[Fate], *, listed: bool) -> None:
        """Count some fates, and keep those of refused lines; all of them where they are listed."""
        for fate in fates:
            self.counts[fate.what] += 1
            if listed or fate.what == REFUSED:
                self.fates.append(fate)


class CrossedError(Exception):
    """Another writer was quicker than a batch: it is taken back, and made again.

    ``claims`` are what it took, as far as the batch can't read that.
    """

    def __init__(self, claims: Sequence[Any] = ()) -> None:
        super().__init__("crossed")
        self.claims = claims


class Keeper(Protocol):
    """Keeps lines of one kind."""

    def keep(self, tx: Tx, lines: Sequence[Line]) -> list[Fate]:
        """Keep a batch. It may be called again with the same one: nothing else may change."""

    def kept(self) -> None:
        """Hear that the last batch is committed, or would have been."""


def bring_in(
    engine: Engine,
    slug: str,
    sheet: Sheet,
    columns: Columns,
    keeper: Keeper,
    *,
    command: str,
    dry_run: bool = False,
    listed: bool = True,
    advance: Callable[[int], None] = lambda _line: None,
) -> Result:
    """Give the lines of a sheet to ``keeper``, a batch a transaction; ``dry_run`` takes each back.

    Not ``listed``, the fates of refused lines alone are kept: memory does not grow with the rest.
    Two imports of one command into one business take turns, batch by batch.
    """
    result = Result()
    for batch in _batches(_lines(sheet, columns, result), BATCH_LINES):

        def work(tx: Tx, batch: list[Line] = batch) -> list[Fate]:
            tx.row(LOCK, name=f"{tx.tenant.id}|{command}")
            return keeper.keep(tx, batch)

        fates = _settled(engine, slug, work, command=command, dry_run=dry_run)
        result.add(fates, listed=listed)
        keeper.kept()
        advance(batch[-1].number)
    result.fates.sort(key=lambda fate: fate.line)
    return result


def _settled(
    engine: Engine, slug: str, work: Callable[[Tx], list[Fate]], *, command: str, dry_run: bool
) -> list[Fate]:
    """Keep a batch, again where somebody crossed it. Raises UnavailableError (``contended``)."""
    for _ in range(ROUNDS):
        try:
            return engine.act(slug, work, command=command, dry_run=dry_run)
        except CrossedError:
            continue
        except ConflictError as error:
            if error.code != "customer_exists":
                raise
    raise UnavailableError(
        "contended",
        "Others write what this import wants to, each time a moment earlier",
        hint="Import the file again: what came in is known",
    )


def _lines(sheet: Sheet, columns: Columns, result: Result) -> Iterator[Line]:
    for record in sheet.records():
        try:
            yield Line(record.line, columns.cells(record))
        except BookraError as error:
            fate = Fate(record.line, REFUSED, error.code, error.message)
            result.add([fate], listed=True)


@contextmanager
def undone_if_refused(tx: Tx) -> Iterator[None]:
    """Take back what a line wrote before it was refused; the batch goes on."""
    with part(tx):
        yield


def refused(line: Line, error: BookraError) -> Fate:
    """Return the fate of a line that could not be kept."""
    return Fate(line.number, REFUSED, error.code, error.message)


def value(columns: Columns, line: Line, field_: str, read: Callable[[str], Item]) -> Item:
    """Return what a line's cell means; an error names the column, never the cell."""
    try:
        return read(line.cells.get(field_, ""))
    except InvalidInputError as error:
        message = f"{columns.named(field_)} {error.message}"
        raise InvalidInputError(error.code, message) from None


def known_rows(tx: Tx, source: str, kind: str, references: Iterable[str]) -> dict[str, UUID]:
    """Return what came in before, by reference."""
    wanted = sorted({each for each in references if each})
    if not wanted:
        return {}
    rows: Sequence[Any] = tx.rows(KNOWN, source=source, kind=kind, references=wanted)
    return {row.reference: row.target_id for row in rows}


def remember_all(tx: Tx, source: str, kind: str, became: Mapping[str, UUID]) -> None:
    """Note what many lines became, by their references."""
    same = {"source": source, "kind": kind}
    tx.run_many(
        REMEMBER,
        [
            {"id": new_id(), "reference": reference, "target_id": target_id, **same}
            for reference, target_id in became.items()
        ],
    )


def remember(tx: Tx, source: str, kind: str, reference: str, target_id: UUID) -> None:
    """Note what a line became, so that the next import knows it."""
    if reference:
        tx.run(
            REMEMBER,
            id=new_id(),
            source=source,
            kind=kind,
            reference=reference,
            target_id=target_id,
        )


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch

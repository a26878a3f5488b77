"""A whole business out of one database and into another: exact, proved, all of it or nothing."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from io import BytesIO

import pytest
from databases import Database, Server
from factories import Salon, empty_salon, open_salon
from hypothesis import given, settings
from hypothesis import strategies as st
from neighbours import TENANT_TABLES, furnish
from sqlalchemy import Connection, text
from sqlalchemy import Engine as Pool

from bookra.engine.audit.verifying import verify as verify_audit
from bookra.engine.database import open_pool
from bookra.engine.ledger.days import close_all
from bookra.engine.ledger.entry import Draft, Posting
from bookra.engine.ledger.store import post
from bookra.engine.ledger.verify import verify
from bookra.engine.revision import HEAD
from bookra.engine.runtime import Engine, administrative_tx
from bookra.engine.tenancy.operators import add_operator
from bookra.engine.transport import archive, arriving
from bookra.engine.transport.arriving import Arrived, arrive
from bookra.engine.transport.copied import cells
from bookra.engine.transport.inventory import STAYS, travelling
from bookra.engine.transport.leaving import leave
from bookra.errors import BookraError
from bookra.ids import new_id

FALSE_DAY = (
    "DELETE FROM bookra.ledger_snapshots",
    "DELETE FROM bookra.ledger_days",
)
EARLIER = (
    "UPDATE bookra.entries SET posted_at = posted_at - interval '3 days'",
    "UPDATE bookra.accounts SET opened_at = opened_at - interval '3 days'",
)
CUSTOMER = text(
    "INSERT INTO customers (tenant_id, id, name, notes, created_at)"
    " VALUES (:tenant_id, :id, :name, :notes, :now)"
)


@dataclass(frozen=True)
class House:
    """A database that a business leaves or arrives in."""

    database: Database
    pool: Pool

    @property
    def engine(self) -> Engine:
        return Engine(self.pool)

    @contextmanager
    def administrator(self) -> Iterator[Connection]:
        pool = open_pool(self.database.administrator, pooled=False)
        with pool.begin() as connection:
            yield connection
        pool.dispose()

    def take_in(self, content: bytes, slug: str | None = None) -> Arrived:
        with archive.opened(BytesIO(content), HEAD) as opened, self.administrator() as connection:
            return arrive(connection, opened, slug)

    def refuses(self, content: bytes, slug: str | None = None) -> str:
        """Return the code of a refusal that must leave nothing behind."""
        before = self.rows()
        with pytest.raises(BookraError) as refused:
            self.take_in(content, slug)
        assert self.rows() == before
        return refused.value.code

    def rows(self) -> dict[str, int]:
        with self.administrator() as connection:
            count = " UNION ALL ".join(
                f"SELECT '{name}' AS name, count(*) AS found FROM bookra.{name}"
                for name in (*TENANT_TABLES, "installation_events")
            )
            return {row.name: row.found for row in connection.execute(text(count))}


@pytest.fixture(scope="module")
def houses(postgres: Server) -> Iterator[tuple[House, House]]:
    """Two databases, as two installations have them."""
    with ExitStack() as stack:
        found = []
        for _ in range(2):
            database = stack.enter_context(postgres.clean())
            pool = open_pool(database.conninfo)
            stack.callback(pool.dispose)
            found.append(House(database, pool))
        yield found[0], found[1]


@pytest.fixture(scope="module")
def luna(
    houses: tuple[House, House], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Salon, bytes]:
    """A salon with rows in every table and a day that is closed, and its file."""
    home = houses[0]
    salon = open_salon(home.database, home.pool)
    furnish(salon, tmp_path_factory.mktemp("keys") / "key")
    with home.administrator() as connection:
        for statement in (*FALSE_DAY, *EARLIER):
            connection.execute(text(statement))
    assert close_all(home.engine, "luna", command="close")
    return salon, written(home, "luna")


def written(house: House, slug: str) -> bytes:
    file = BytesIO()
    leave(house.engine, slug, file)
    return file.getvalue()


def tables(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(content)) as found:
        return {
            name.removeprefix("tables/").removesuffix(".copy"): found.read(name)
            for name in found.namelist()
            if name != archive.MANIFEST
        }


def manifest(content: bytes) -> dict[str, object]:
    with zipfile.ZipFile(BytesIO(content)) as found:
        return dict(json.loads(found.read(archive.MANIFEST)))


def rewritten(content: bytes, changed: dict[str, bytes], **stated: object) -> bytes:
    """Return a file whose seal is right, and whose rows or manifest somebody made up."""
    with archive.opened(BytesIO(content), HEAD) as opened:
        before = opened.manifest
    file = BytesIO()
    writer = archive.Writer(file)
    found = tables(content) | changed
    packed = tuple(
        writer.table(each.table, each.columns, [found[each.table]]) for each in before.tables
    )
    writer.seal(replace(before, tables=packed, **stated))  # type: ignore[arg-type]
    return file.getvalue()


def test_every_table_of_a_business_travels_or_is_named_as_staying() -> None:
    taken = [table.name for table in travelling()]
    assert sorted([*taken, *STAYS]) == TENANT_TABLES
    assert taken[0] == "tenants"


def test_a_business_arrives_as_it_left(
    houses: tuple[House, House], luna: tuple[Salon, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    (_, there), (salon, content) = houses, luna
    monkeypatch.setattr(arriving, "MANY_ROWS", 1)  # every table is counted as it comes
    before = tables(content)
    assert all(before.values())
    dearer = before["transfers"].replace(b"\t4500\t", b"\t4501\t")
    assert dearer != before["transfers"]
    assert there.refuses(rewritten(content, {"transfers": dearer})) == "ledger_broken"
    arrived = there.take_in(content)
    assert (arrived.slug, arrived.tenant_id) == ("luna", salon.tenant.id)
    assert arrived.held == ("google", "stripe", "whatsapp")
    assert [each["login"] for each in arrived.operators] == ["left_long_ago"]
    again = tables(written(there, "luna"))
    commands = [cells(row + b"\n")[3] for row in again["audit"].splitlines()]
    assert commands[-2:] == ["tenant import", "tenant export"]
    own = b"".join(again.pop("audit").splitlines(keepends=True)[:-2])
    assert own == before.pop("audit")
    assert again == before
    assert there.engine.ask("luna", verify_audit, consistent=True).found == 0
    assert there.engine.ask("luna", verify).head == manifest(content)["ledger"]["head"]  # type: ignore[index]
    with there.administrator() as connection:
        (event,) = connection.execute(text("SELECT * FROM bookra.installation_events")).all()
        assert event.command == "tenant import"
        assert str(salon.tenant.id) in str(event.subjects)
        held = connection.execute(text("SELECT destination, state FROM bookra.breakers")).all()
        assert sorted(held) == [(name, "held") for name in arrived.held]
        channel = connection.execute(text("SELECT channel FROM bookra.tenants")).scalar_one()
        assert channel != salon.tenant.channel
        for name in STAYS.keys() - {"breakers"}:
            assert not connection.execute(text(f"SELECT FROM bookra.{name}")).all()
    assert there.refuses(content) == "exists"
    assert there.refuses(content, "other") == "exists"


def test_neither_a_token_nor_the_channel_is_in_the_file(luna: tuple[Salon, bytes]) -> None:
    salon, content = luna
    everything = b"".join(tables(content).values())
    assert b"sk_test_1" not in everything
    assert salon.tenant.channel.encode() not in everything
    assert "provider_accounts" not in tables(content)


def test_another_business_of_that_name_keeps_it(
    houses: tuple[House, House], luna: tuple[Salon, bytes]
) -> None:
    home, there = houses
    sol = new_business(home, "sol")
    add(sol, "Rosa Vega", "")
    new_business(there, "sol")
    content = written(home, "sol")
    assert there.refuses(content) == "exists"
    assert there.refuses(content, "Not A Slug") == "bad_slug"
    assert there.take_in(content, "sol-two").slug == "sol-two"
    assert there.engine.ask("sol-two", lambda tx: tx.tenant.id) == sol.tenant.id


@given(data=st.data())
@settings(max_examples=20)
def test_a_damaged_file_is_refused_before_anything_is_read(
    luna: tuple[Salon, bytes], data: st.DataObject
) -> None:
    content = bytearray(luna[1])
    if data.draw(st.booleans(), label="cut off"):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BookraError) as refused, archive.opened(BytesIO(content), HEAD):
        pass
    assert refused.value.code == "bad_archive"


def test_a_file_that_somebody_made_up_is_refused_with_nothing_kept(
    houses: tuple[House, House], luna: tuple[Salon, bytes]
) -> None:
    home, there = houses
    strange = new_business(home, "vega")
    add(strange, "Rosa Vega", "")
    post_one(strange)
    content = written(home, "vega")
    rows = tables(content)
    assert there.refuses(rewritten(content, {}, revision="0001")) == "other_version"
    assert there.refuses(rewritten(content, {}, format=2)) == "other_version"
    assert there.refuses(rewritten(content, {}, tenant_id="x")) == "bad_archive"
    assert there.refuses(rewritten(content, {"tenants": b""})) == "bad_archive"
    assert there.refuses(rewritten(content, {"customers": rows["customers"] * 2})) == "bad_archive"
    assert there.refuses(rewritten(content, {"customers": b"x\n"})) == "bad_archive"
    stranger = str(new_id()).encode() + b"\tx\t" * 20 + b"\n"
    assert there.refuses(rewritten(content, {"bookings": stranger})) == "bad_archive"
    assert there.refuses(rewritten(content, {"transfers": b""})) == "ledger_broken"
    ledger = {"entries": 9, "transfers": 9, "closed_until": None, "head": "x"}
    assert there.refuses(rewritten(content, {}, ledger=ledger)) == "ledger_broken"


def test_only_an_owner_takes_everything_out(houses: tuple[House, House]) -> None:
    home = houses[0]
    salon = new_business(home, "mond")
    codes = {}
    for role in ("front-desk", "manager", "owner"):
        login = f"{role.replace('-', '_')}_{salon.tenant.id.hex[-10:]}"
        with home.administrator() as connection:
            tx = administrative_tx(connection, salon.tenant)
            add_operator(connection, tx, login, role, "pw")
        pool = open_pool(home.database.seen_by(login, "pw").conninfo)
        try:
            leave(Engine(pool), "mond", BytesIO())
            codes[role] = "done"
        except BookraError as error:
            codes[role] = error.code
        pool.dispose()
    assert codes == {"front-desk": "owner_only", "manager": "owner_only", "owner": "done"}


words = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=40)


@given(st.lists(st.tuples(words, words), min_size=1, max_size=8))
@settings(max_examples=4)
def test_any_text_goes_there_and_back_byte_for_byte(
    houses: tuple[House, House], people: list[tuple[str, str]]
) -> None:
    home, there = houses
    slug = f"s-{new_id().hex[-12:]}"
    salon = new_business(home, slug)
    for number, (name, notes) in enumerate(people):
        add(salon, f"{number} {name}", notes)
    content = written(home, slug)
    there.take_in(content)
    before, after = tables(content), tables(written(there, slug))
    assert after["customers"] == before["customers"]
    assert after["tenants"] == before["tenants"]


@given(st.lists(words, min_size=1))
def test_what_copy_escapes_is_read_as_it_was(texts: list[str]) -> None:
    escapes = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\f": "\\f"}
    line = "\t".join("".join(escapes.get(one, one) for one in each) for each in texts)
    assert cells(f"{line}\t\\N\n".encode()) == [*texts, None]


def new_business(house: House, slug: str) -> Salon:
    return empty_salon(house.database, house.pool, slug)


def add(salon: Salon, name: str, notes: str) -> None:
    """Write a customer as the table takes one, whatever the verbs would say of the name."""
    salon.act(lambda tx: tx.run(CUSTOMER, id=new_id(), name=name, notes=notes, now=tx.now))


def post_one(salon: Salon) -> None:
    postings = (Posting("assets:cash:drawer", 4500), Posting("income:services", -4500))
    salon.act(lambda tx: post(tx, Draft("k", "test", tx.now, "EUR", postings)))

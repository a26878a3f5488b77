"""The list of what is held of a person, against the schema, the documentation and an export."""

from __future__ import annotations

from pathlib import Path

import pytest
from factories import Salon
from selling import package_of
from sqlalchemy import Table

from bookra.engine.bookings.waitlist.actions import WishRequest, add_wish
from bookra.engine.payments.taking import take_cash
from bookra.engine.privacy import consenting
from bookra.engine.privacy.exporting import everything_of, summary_text
from bookra.engine.privacy.inventory import HELD, NOT_HELD
from bookra.engine.tables import metadata

PAGE = Path(__file__).parents[2] / "docs" / "personal-data.md"
LISTED = {held.table for held in HELD} | set(NOT_HELD)
PHONE = "+4930901820"

# What a person's data is commonly called. A column of such a name is in a table of the list, or
# here, where it is somebody else's.
PERSONAL = {
    "name",
    "phone",
    "email",
    "notes",
    "note",
    "address",
    "iban",
    "holder",
    "answer",
    "body",
}
NOT_A_CLIENTS = {
    "bank_accounts": "of staff",
    "bookables": "of staff and rooms",
    "closures": "of holidays",
    "job_locks": "of the program that holds a lock",
    "locations": "of places",
    "membership_plans": "of plans",
    "message_templates": "texts of the business",
    "policies": "texts of the business",
    "pools": "of rooms",
    "products": "of goods",
    "relay_jobs": "of jobs",
    "relay_leases": "of leases",
    "schedules": "of schedules",
    "services": "of services",
    "tenants": "of the business",
}


def referred(table: Table) -> set[str]:
    return {key.referred_table.name for key in table.foreign_key_constraints}


def test_every_table_that_leads_to_a_client_is_in_the_list() -> None:
    held = {each.table for each in HELD}
    leads = {
        table.name
        for table in metadata.tables.values()
        if "customer_id" in table.c or referred(table) & (held - {"entries"})
    }
    assert leads - LISTED == set()
    own = {table.name for table in metadata.tables.values() if "customer_id" in table.c}
    assert own - held == set()
    assert {
        each for each in LISTED if each not in {t.name for t in metadata.tables.values()}
    } == set()


def test_every_column_that_is_called_like_a_person_s_is_in_the_list() -> None:
    unknown = {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if column.name in PERSONAL and table.name not in {each.table for each in HELD}
    }
    assert {name.partition(".")[0] for name in unknown} == set(NOT_A_CLIENTS)


def test_the_documentation_shows_the_list_as_it_is() -> None:
    page = PAGE.read_text("utf-8")
    rows = [f"| `{h.table}` | {h.what} | {h.kept} | {h.erasure} |" for h in HELD]
    assert [line for line in page.splitlines() if line.startswith("| `") and line in rows] == rows
    assert [name for name in NOT_HELD if f"`{name}`" not in page] == []


@pytest.fixture
def lived_in(salon: Salon) -> Salon:
    salon.hours("ana", "mon-sun 09:00-18:00")
    rosa = salon.customer(phone=PHONE)
    salon.act(lambda tx: take_cash(tx, salon.book("2026-11-24 10:00", customer=rosa).code))
    package_of(salon, rosa, 5, 20000)
    window = (salon.local("2026-12-01 09:00"), salon.local("2026-12-01 12:00"))
    salon.act(lambda tx: add_wish(tx, WishRequest("cut", "ana", rosa.id, [window])))
    salon.act(lambda tx: consenting.record(tx, rosa.id, "photos", given=True, wording="Sí"))
    other = salon.customer("Mia Blum", phone="+4930901821")
    salon.book("2026-11-24 12:00", customer=other)
    return salon


def test_an_export_has_all_of_one_person_and_nothing_of_another(lived_in: Salon) -> None:
    rosa = lived_in.customer(phone=PHONE)
    document = lived_in.act(lambda tx: everything_of(tx, rosa.id))
    tables = document["tables"]
    counted = {name: len(rows) for name, rows in tables.items()}
    assert counted.pop("audit") >= 1
    assert counted == {
        "customers": 1,
        "consents": 1,
        "bookings": 1,
        "booking_lines": 1,
        "wishes": 1,
        "wish_windows": 1,
        "orders": 1,
        "packages": 1,
        "entries": 2,
        "transfers": counted["transfers"],
    }
    assert tables["customers"][0]["phone"] == PHONE
    assert "tenant_id" not in tables["customers"][0]
    assert not {"changed_by", "recorded_by"} & {key for row in tables["consents"] for key in row}
    assert "Mia" not in str(document)
    assert (document["summary"]["visits"], document["summary"]["consents"]) == (1, 1)
    page = summary_text(document)
    assert "name: Rosa Vega" in page
    assert "     1  bookings: visits" in page

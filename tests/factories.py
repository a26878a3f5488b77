"""Builders of what tests begin with: a business, its people and services, customers, bookings.

Everything goes through the engine's own verbs, by the ordinary login; only the business itself
needs an administrative connection, as ``bookra tenant create`` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from databases import Database, administrator_of
from sqlalchemy import Engine as Pool

from bookra.clock import resolve
from bookra.engine.availability.actions import Slot, find_slots
from bookra.engine.availability.hours import parse_week
from bookra.engine.availability.timetable import set_hours
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.bookings.model import Booking
from bookra.engine.bookings.store import booking_by_code
from bookra.engine.business import Tenant
from bookra.engine.catalog.actions import NewService, add_service
from bookra.engine.catalog.model import Service, parse_segments
from bookra.engine.ledger.store import balances
from bookra.engine.people.customers import Customer, add_customer
from bookra.engine.people.staff import Staff, add_staff
from bookra.engine.runtime import Engine, Tx
from bookra.engine.tenancy import actions as tenancy
from bookra.engine.tenancy.providers import ProviderAccount, set_account
from bookra.engine.tenancy.vault import Vault
from bookra.money import parse_amount

Result = TypeVar("Result")

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
"""A Monday, nine o'clock in Berlin."""

OPENING = "mon-sat 09:00-18:00"
FROM_DAY = date(2026, 1, 1)


@dataclass(frozen=True)
class Salon:
    """A business and an engine whose clock stands at ``now``."""

    database: Database
    pool: Pool
    tenant: Tenant
    now: datetime
    engine: Engine

    @property
    def slug(self) -> str:
        return self.tenant.slug

    @property
    def zone(self) -> ZoneInfo:
        return self.tenant.zone

    def at(self, now: datetime) -> Salon:
        """Return the same salon, seen at another moment."""
        return replace(self, now=now, engine=Engine(self.pool, now=lambda: now))

    def later(self, **span: int) -> Salon:
        """Return the same salon some ``minutes``, ``hours`` or ``days`` later."""
        return self.at(self.now + timedelta(**span))

    def act(self, action: Callable[[Tx], Result], *, dry_run: bool = False) -> Result:
        """Run an action in one committed transaction."""
        return self.engine.act(self.slug, action, command="test", dry_run=dry_run)

    def ask(self, question: Callable[[Tx], Result]) -> Result:
        """Run a question in a read-only transaction."""
        return self.engine.ask(self.slug, question)

    def local(self, wall: str) -> datetime:
        """Return the instant of ``2026-11-24 10:00`` on the salon's wall clock."""
        return resolve(datetime.fromisoformat(wall), self.zone)

    def staff(self, slug: str, *, commission: int = 4000, services: tuple[str, ...] = ()) -> Staff:
        """Add a member of staff with no hours yet; ``commission`` is in basis points."""
        return self.act(
            lambda tx: add_staff(
                tx, slug, slug.capitalize(), commission_bps=commission, services=services
            )[0]
        )

    def hours(self, staff: str, *weeks: str, from_day: date = FROM_DAY) -> None:
        """Set working hours in the command line's notation."""
        self.act(lambda tx: set_hours(tx, staff, map(parse_week, weeks), from_day))

    def service(
        self, slug: str, segments: str, price: str, *, before: int = 0, after: int = 0
    ) -> Service:
        """Add a service; ``before`` and ``after`` are buffers in minutes."""
        new = NewService(
            slug,
            slug.capitalize(),
            parse_amount(price, self.tenant.currency),
            parse_segments(segments),
            buffer_before_minutes=before,
            buffer_after_minutes=after,
        )
        return self.act(lambda tx: add_service(tx, new)[0])

    def customer(self, name: str = "Rosa Vega", *, phone: str | None = None) -> Customer:
        """Add a customer, or return the one of that name and phone."""
        return self.act(lambda tx: add_customer(tx, name, phone=phone)[0])

    def request(
        self,
        wall: str,
        *,
        staff: str | None = "ana",
        service: str = "cut",
        customer: Customer | None = None,
        hold_minutes: int | None = None,
    ) -> BookingRequest:
        """Return a request for a time on the salon's wall clock."""
        who = customer or self.customer()
        return BookingRequest(service, staff, self.local(wall), who.id, hold_minutes)

    def book(
        self,
        wall: str,
        *,
        staff: str | None = "ana",
        service: str = "cut",
        customer: Customer | None = None,
        hold_minutes: int | None = None,
    ) -> Booking:
        """Book a time on the salon's wall clock, confirmed, or held for some minutes."""
        wanted = self.request(
            wall, staff=staff, service=service, customer=customer, hold_minutes=hold_minutes
        )
        return self.act(lambda tx: book(tx, wanted))

    def booking(self, code: str) -> Booking:
        """Read a booking again."""
        return self.ask(lambda tx: booking_by_code(tx, code))

    def slots(
        self, day: str, *, staff: str | None = "ana", service: str = "cut", days: int = 1
    ) -> list[Slot]:
        """List open starts from a day on."""
        first = date.fromisoformat(day)
        return self.ask(lambda tx: find_slots(tx, service, staff, first, days))

    def starts(
        self, day: str, *, staff: str | None = "ana", service: str = "cut", days: int = 1
    ) -> list[str]:
        """List open starts as the wall clock shows them: ``10:15``."""
        found = self.slots(day, staff=staff, service=service, days=days)
        return [f"{slot.start.astimezone(self.zone):%H:%M}" for slot in found]

    def balances(self) -> dict[str, int]:
        """Return the balance of each account that is not at zero: debit plus, in minor units."""
        read = self.ask(balances)
        return {account.code: account.balance.minor for account in read if account.balance.minor}

    def connect_provider(self, provider: str, key_file: Path, **config: str) -> None:
        """Give the business a sandbox account at a provider."""
        account = ProviderAccount(provider, sandbox=True, config=config)
        vault = Vault(key_file)
        self.act(lambda tx: set_account(tx, vault, account, {"token": "sk_test_1"}))


def open_business(
    database: Database,
    slug: str = "luna",
    *,
    settings: Mapping[str, int] | None = None,
    **given: str,
) -> Tenant:
    """Open a business as the administrator does; German prices with 19 % tax unless said."""
    facts = {"name": slug.capitalize(), "timezone": "Europe/Berlin", "currency": "EUR"} | given
    numbers = {"tax_bps": 1900, "tax_inclusive": 1} | dict(settings or {})
    new = tenancy.NewTenant(
        slug,
        facts["name"],
        facts["timezone"],
        facts["currency"],
        facts.get("country", "DE"),
        numbers["tax_bps"],
        bool(numbers["tax_inclusive"]),
    )
    with administrator_of(database).begin() as connection:
        return tenancy.create(connection, tenancy.checked(new))[0]


def empty_salon(
    database: Database,
    pool: Pool,
    slug: str = "luna",
    *,
    now: datetime = NOW,
    settings: Mapping[str, int] | None = None,
    **given: str,
) -> Salon:
    """Open a business with nobody and nothing in it."""
    tenant = open_business(database, slug, settings=settings, **given)
    return Salon(database, pool, tenant, now, Engine(pool, now=lambda: now))


def open_salon(
    database: Database,
    pool: Pool,
    slug: str = "luna",
    *,
    now: datetime = NOW,
    settings: Mapping[str, int] | None = None,
    **given: str,
) -> Salon:
    """Open a salon with Ana and Ben (40 % commission, Monday to Saturday, nine to six).

    ``cut`` takes 45 minutes and costs 45.00; ``color`` is busy 30, gap 20, busy 15 for 90.00.
    """
    salon = empty_salon(database, pool, slug, now=now, settings=settings, **given)

    def furnish(tx: Tx) -> None:
        for name in ("ana", "ben"):
            add_staff(tx, name, name.capitalize(), commission_bps=4000)
            set_hours(tx, name, [parse_week(OPENING)], FROM_DAY)
        for name, segments, price in (
            ("cut", "busy 45", "45.00"),
            ("color", "busy 30,gap 20,busy 15", "90.00"),
        ):
            amount = parse_amount(price, tx.tenant.currency)
            add_service(tx, NewService(name, name.capitalize(), amount, parse_segments(segments)))

    salon.act(furnish)
    return salon

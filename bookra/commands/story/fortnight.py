"""Sets the businesses up and books a fortnight, through the same engine as everybody."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from bookra import clock, sandbox
from bookra.bootstrap import administration
from bookra.commands.story.cast import Business
from bookra.config import Settings
from bookra.engine.availability import actions as availability
from bookra.engine.availability import closures, timetable
from bookra.engine.availability.hours import parse_week
from bookra.engine.bookings import actions as visits
from bookra.engine.bookings.booking import BookingRequest, book
from bookra.engine.bookings.model import Booking
from bookra.engine.catalog.actions import NewService, add_service
from bookra.engine.catalog.model import parse_segments
from bookra.engine.payments import taking
from bookra.engine.people.customers import add_customer
from bookra.engine.people.staff import add_staff
from bookra.engine.runtime import Engine, Tx
from bookra.engine.tenancy import actions as tenancy
from bookra.engine.tenancy.providers import ProviderAccount, set_account
from bookra.engine.tenancy.vault import Vault
from bookra.money import parse_amount, rate_bps

DAYS = 14
LINKS = 12
"""How many visits of each business are paid by a link."""

CASH_SHARE = 0.12


@dataclass(slots=True)
class Fortnight:
    """What was booked: codes by how they are to be paid."""

    business: Business
    customers: list[UUID] = field(default_factory=list)
    booked: int = 0
    links: list[str] = field(default_factory=list)
    cash: list[str] = field(default_factory=list)


def open_business(settings: Settings, engine: Engine, business: Business) -> Fortnight:
    """Open a business with brand, providers, services, people, hours, holidays and customers."""
    with administration(settings) as connection:
        tenancy.create(
            connection,
            tenancy.NewTenant(
                business.slug,
                business.name,
                business.zone,
                business.currency,
                business.country,
                rate_bps(business.tax_percent),
                business.tax_inclusive,
            ),
        )
    story = Fortnight(business)
    engine.act(business.slug, lambda tx: _set_up(tx, story), command="demo set-up")
    _connect(settings, engine, business)
    return story


def book_days(
    engine: Engine, story: Fortnight, rng: random.Random, progress: Callable[[], None]
) -> None:
    """Book a fortnight from today on, at the engine's clock, with payments on some visits."""
    first = engine.ask(story.business.slug, lambda tx: clock.local_day(tx.now, tx.tenant.zone))
    for step in range(DAYS):
        day = first + timedelta(days=step)
        guests = rng.sample(story.customers, len(story.customers))
        for person in story.business.people:
            offers = person.services or tuple(offer.slug for offer in story.business.offers)
            _fill(engine, story, rng, _Shift(day, person.slug, offers, guests))
        progress()


@dataclass(frozen=True, slots=True)
class _Shift:
    """One person's day. ``guests`` is the day's list of customers: nobody comes twice a day."""

    day: date
    staff: str
    offers: tuple[str, ...]
    guests: list[UUID]


def _fill(engine: Engine, story: Fortnight, rng: random.Random, shift: _Shift) -> None:
    """Book one person's day: a random service at a random open start, a few times."""
    for _ in range(rng.randint(3, 6)):
        service = rng.choice(shift.offers)
        open_ = _open(engine, story.business.slug, service, shift.staff, shift.day)
        if open_ and shift.guests:
            start, guest = rng.choice(open_).start, shift.guests.pop()
            _book(engine, story, rng, BookingRequest(service, shift.staff, start, guest))


def _open(
    engine: Engine, slug: str, service: str, staff: str, day: date
) -> list[availability.Slot]:
    return engine.ask(slug, lambda tx: availability.find_slots(tx, service, staff, day, 1))


def _book(engine: Engine, story: Fortnight, rng: random.Random, request: BookingRequest) -> None:
    code = engine.act(story.business.slug, lambda tx: book(tx, request).code, command="demo book")
    story.booked += 1
    if rng.random() < CASH_SHARE:
        story.cash.append(code)


def book_links(engine: Engine, story: Fortnight, rng: random.Random) -> None:
    """Book visits of the coming days that wait for their payment link, at the present clock."""
    slug = story.business.slug
    service = story.business.offers[0].slug

    def found(tx: Tx) -> list[availability.Slot]:
        tomorrow = clock.local_day(tx.now, tx.tenant.zone) + timedelta(days=1)
        return availability.find_slots(tx, service, None, tomorrow, DAYS - 1)

    for _ in range(LINKS):
        slot = rng.choice(engine.ask(slug, found))
        request = BookingRequest(service, slot.staff, slot.start, rng.choice(story.customers))
        story.links.append(_hold(engine, slug, request))
        story.booked += 1


def _hold(engine: Engine, slug: str, request: BookingRequest) -> str:
    return engine.act(slug, lambda tx: taking.book_with_link(tx, request).code, command="demo book")


def live_the_day(engine: Engine, story: Fortnight) -> int:
    """Check today's visits in, and complete those that are over, paid in cash; return how many."""
    slug, lived = story.business.slug, 0
    now, visits_today = engine.ask(slug, _today)
    for booking in visits_today:
        if booking.status.value != "confirmed" or booking.starts_at > now:
            continue
        _check_in(engine, slug, booking.code)
        if booking.ends_at <= now:
            _complete(engine, slug, booking.code)
            lived += 1
    return lived


def _check_in(engine: Engine, slug: str, code: str) -> None:
    engine.act(slug, lambda tx: visits.check_in(tx, code), command="demo")


def _complete(engine: Engine, slug: str, code: str) -> None:
    def action(tx: Tx) -> None:
        if visits.complete(tx, code).due:
            taking.take_cash(tx, code)

    engine.act(slug, action, command="demo")


def _today(tx: Tx) -> tuple[datetime, list[Booking]]:
    from bookra.engine.bookings.store import bookings_between

    day = clock.local_day(tx.now, tx.tenant.zone)
    start = clock.from_epoch(clock.opening(day, 0, tx.tenant.zone))
    return tx.now, bookings_between(tx, start, start + timedelta(days=1))


def _set_up(tx: Tx, story: Fortnight) -> None:
    business = story.business
    tenancy.set_brand(tx, business.brand)
    for offer in business.offers:
        add_service(
            tx,
            NewService(
                offer.slug,
                offer.name,
                parse_amount(offer.price, business.currency),
                parse_segments(offer.segments),
                offer.category,
                0,
                offer.buffer_after,
            ),
        )
    opened = clock.local_day(tx.now, tx.tenant.zone) - timedelta(days=1)
    for person in business.people:
        add_staff(
            tx,
            person.slug,
            person.name,
            services=person.services,
            commission_bps=person.commission_percent * 100,
        )
        timetable.set_hours(tx, person.slug, [parse_week(w) for w in person.hours], opened)
    years = range(opened.year, opened.year + 2)
    closures.import_holidays(tx, business.country, business.region, years)
    for number, name in enumerate(business.customers):
        phone = f"{business.phone_prefix}{_suffix(business, number)}"
        email = f"customer{number}@{business.slug}.example"
        story.customers.append(add_customer(tx, name, phone=phone, email=email)[0].id)


def _suffix(business: Business, number: int) -> str:
    """Return the end of a number from a range that is kept free for fiction."""
    return f"{number:02d}" if business.country == "DE" else f"01{number:02d}"


def _connect(settings: Settings, engine: Engine, business: Business) -> None:
    """Connect the business to its stand-ins, each with an account of its own."""
    folder, vault = settings.sandbox_dir, Vault.of(settings)
    stripe = sandbox.open_stripe_account(
        folder, country=business.country, currency=business.currency, name=business.name
    )
    google = sandbox.open_google_calendar(folder, name=business.name)
    sender = sandbox.open_whatsapp_sender(folder, display_name=business.name)
    config: dict[str, tuple[dict[str, str], str]] = {
        "stripe": ({"account": stripe.id, "platform_fee_percent": "1"}, stripe.secret_key),
        "google": ({"calendar": google.id}, google.token),
        "whatsapp": ({"phone_number_id": sender.phone_number_id}, sender.token),
    }

    def action(tx: Tx) -> None:
        for provider, (public, token) in config.items():
            # A fortnight's effects are sent within seconds, as no real provider would let us.
            account = ProviderAccount(provider, True, {**public, "calls_per_second": "1000"})
            set_account(tx, vault, account, {"token": token})

    engine.act(business.slug, action, command="demo connect")

"""The demo's cast: two businesses in different zones, currencies and brands, and their people."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """A staff member; empty ``services`` means all."""

    slug: str
    name: str
    commission_percent: int
    hours: tuple[str, ...]
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A service in the command line's notation."""

    slug: str
    name: str
    category: str
    segments: str
    price: str
    buffer_after: int = 0


@dataclass(frozen=True, slots=True)
class Business:
    """A business with everything that it is set up with."""

    slug: str
    name: str
    zone: str
    currency: str
    country: str
    tax_percent: str
    tax_inclusive: bool
    region: str | None
    brand: dict[str, str]
    phone_prefix: str
    offers: tuple[Offer, ...]
    people: tuple[Person, ...]
    customers: tuple[str, ...]


LUNA = Business(
    slug="luna",
    name="Luna Hair & Nails",
    zone="Europe/Berlin",
    currency="EUR",
    country="DE",
    tax_percent="19",
    tax_inclusive=True,
    region="BE",
    brand={
        "logo_text": "✦ Luna",
        "primary_color": "#C56BA8",
        "accent_color": "#F2B5D4",
        "legal_name": "Luna Hair & Nails GmbH",
        "address": "Oranienstraße 25\n10999 Berlin",
        "vat_id": "DE123456789",
        "email": "hallo@luna.example",
        "phone": "+49 30 23125 010",
        "language": "de",
    },
    phone_prefix="+4930231251",
    offers=(
        Offer("cut", "Cut & finish", "Cut", "busy 45", "52.00"),
        Offer("dry-cut", "Dry cut", "Cut", "busy 30", "34.00"),
        Offer("tint", "Root tint", "Colour", "busy 30,gap 30,busy 30", "78.00"),
        Offer("balayage", "Balayage", "Colour", "busy 45,gap 30,busy 75", "165.00"),
        Offer("gel", "Gel manicure", "Nails", "busy 60", "38.00", 5),
        Offer("pedicure", "Pedicure", "Nails", "busy 45", "42.00", 5),
        Offer("brows", "Brow lamination", "Brows", "busy 45", "39.99"),
    ),
    people=(
        Person(
            "mia",
            "Mia",
            45,
            ("tue-fri 09:00-13:00,14:00-18:30", "sat 09:00-15:00", "sun,mon 10:00-16:00"),
            ("cut", "dry-cut", "tint", "balayage"),
        ),
        Person(
            "noor",
            "Noor",
            40,
            ("mon-fri 09:30-12:30,13:30-19:00", "sat,sun 10:00-16:00"),
            ("cut", "dry-cut", "tint", "balayage"),
        ),
        Person(
            "oskar", "Oskar", 40, ("mon-sat 09:00-17:00", "sun 10:00-15:00"), ("cut", "dry-cut")
        ),
        Person(
            "priya",
            "Priya",
            42,
            ("mon-fri 10:00-14:00,15:00-20:00", "sat,sun 10:00-17:00"),
            ("gel", "pedicure", "brows"),
        ),
        Person(
            "rosalind",
            "Rosalind",
            38,
            ("mon,wed,fri 09:00-17:00", "tue,thu 12:00-20:00", "sat,sun 09:00-14:00"),
            ("gel", "pedicure", "brows"),
        ),
    ),
    customers=tuple(
        "Ana Moreira|Bea Lindqvist|Chloé Durand|Dóra Nagy|Ella Okafor|Fay Tanaka|Grace Hill"
        "|Hanna Weiß|Imani Cole|Jo Park|Kim Đào|Lena Nováková|Maya Singh|Nora Ruiz|Olu Bello"
        "|Pia Rossi|Quinn Fox|Rosa Vega|Sara Lind|Tess Moran|Uma Rao|Vera Petrov|Xenia Roth"
        "|Yara Haddad|Zoë King|Marie-Luise von Hohenstein|Şebnem Yılmaz|Ülkü Öztürk".split("|")
    ),
)

NORTHLIGHT = Business(
    slug="northlight",
    name="Northlight Coaching",
    zone="America/New_York",
    currency="USD",
    country="US",
    tax_percent="8",
    tax_inclusive=False,
    region="NY",
    brand={
        "logo_text": "Northlight",
        "primary_color": "#1F6FEB",
        "accent_color": "#58A6FF",
        "legal_name": "Northlight Coaching LLC",
        "address": "48 Wall Street\nNew York, NY 10005",
        "vat_id": "EIN 12-3456789",
        "email": "hello@northlight.example",
        "phone": "+1 212 555 0100",
        "language": "en",
    },
    phone_prefix="+1212555",
    offers=(
        Offer("intro", "Intro call", "Coaching", "busy 30", "25.00"),
        Offer("session", "1:1 coaching", "Coaching", "busy 60", "120.00", 15),
        Offer("deep-dive", "Deep dive", "Coaching", "busy 120", "220.00", 15),
        Offer("review", "Career review", "Coaching", "busy 90", "165.50", 15),
    ),
    people=(
        Person("sam", "Sam Rivera", 60, ("mon-fri 08:00-12:00,13:00-17:00", "sat,sun 09:00-13:00")),
        Person("theo", "Theo Brandt", 55, ("mon-thu 10:00-18:00", "fri-sun 10:00-15:00")),
        Person("uma", "Uma Krishnan", 60, ("mon-sun 12:00-20:00",), ("session", "intro")),
    ),
    customers=tuple(
        "Aaliyah Brooks|Ben Carter|Carmen Díaz|Dmitri Volkov|Eun-ji Kim|Fatima Noor|George Hall"
        "|Hiro Sato|Ivy Chen|Jamal Reed|Katie O'Neil|Luca Bianchi|Mei Wong|Nadia Rahman|Omar Aziz"
        "|Paula Gómez|Ravi Patel|Sofia Lopez".split("|")
    ),
)

BUSINESSES = (LUNA, NORTHLIGHT)

"""The commands by name, where each one lives, and the root help made from that. No imports."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """A word of the command line: its module in this package, its help, and its panel."""

    module: str
    help: str
    panel: str


DESK, SETUP, MONEY, OPERATIONS = "Front desk", "Set up", "Money", "Operations"

COMMANDS: dict[str, Entry] = {
    "slots": Entry("slots", "Free times of a service.", DESK),
    "why": Entry("why", "Why a time is free or not, and what would open it.", DESK),
    "book": Entry("book", "Book a visit: confirmed, held, or paid at once.", DESK),
    "booking": Entry("booking", "Bookings: list, show, series, move, swap, cancel and more.", DESK),
    "waitlist": Entry("waitlist", "The waitlist: add, list, show, offer, accept, withdraw.", DESK),
    "day": Entry("day", "The day's visits by time.", DESK),
    "class": Entry("class_", "Classes with seats: add, list, seats, set, move, cancel.", DESK),
    "pay": Entry("pay", "Take what a booking or an order owes, in any way.", DESK),
    "refund": Entry("refund", "Give money back: all of it or a part, as it was paid.", DESK),
    "order": Entry("order", "Goods without a visit: sell, list, show, cancel.", DESK),
    "gift-card": Entry("gift_card", "Gift cards: sell, show, list, expire.", DESK),
    "package": Entry("package", "Packages of visits: sell, show, list, expire.", DESK),
    "membership": Entry("membership", "Memberships: plans, sell, list, bill, cancel.", DESK),
    "time-off": Entry("time_off", "Time off: add, list, remove.", DESK),
    "block": Entry("block", "Blocked times of staff and resources: add, list, remove.", DESK),
    "displaced": Entry("displaced", "Visits that lost their time: list, resolve.", DESK),
    "tui": Entry("tui", "The front desk: a dashboard of the day, by keyboard.", DESK),
    "tenant": Entry("tenant", "Businesses: create, list, show, brand, export, import.", SETUP),
    "operator": Entry("operator", "Logins: add, list, role, rotate, revoke, whoami.", SETUP),
    "location": Entry("location", "Locations: add, set, list, show.", SETUP),
    "staff": Entry("staff", "Staff: add, set, list, show.", SETUP),
    "resource": Entry("resource", "Resources: rooms, chairs, machines, in pools.", SETUP),
    "hours": Entry("hours", "Working hours and exceptions: set, except, list, show.", SETUP),
    "holiday": Entry("holiday", "Public holidays: import, list, remove closed days.", SETUP),
    "calendar": Entry("calendar", "Other calendars: read, write, export, import.", SETUP),
    "service": Entry("service", "Services: add, set, list, show.", SETUP),
    "product": Entry("product", "Products and add-ons: add, set, list.", SETUP),
    "promo": Entry("promo", "Promo codes: add, list, end.", SETUP),
    "customer": Entry(
        "customer", "Customers: add, find, show, import, export, erase; cards.", SETUP
    ),
    "message": Entry("message", "Messages: preview, list, show, send, templates, stop.", SETUP),
    "use": Entry("use", "Remember a business, so that --tenant can be left out.", SETUP),
    "report": Entry("report", "Reports: revenue, staff, tax, liabilities, close-of-day.", MONEY),
    "invoice": Entry("invoice", "Invoices: list, show, pdf.", MONEY),
    "dispute": Entry("dispute", "Disputed payments: list, show, answer.", MONEY),
    "ledger": Entry("ledger", "The ledger: entries, balance, verify, export, reverse.", MONEY),
    "explain": Entry("explain", "Open any figure: from a code to all that hangs on it.", MONEY),
    "drawer": Entry("drawer", "The cash drawer: open, move, count, close, show.", MONEY),
    "bank": Entry("bank", "Match the bank's statement: payouts, the card terminal.", MONEY),
    "commission": Entry("commission", "Commission: plan set, plan list, statement.", MONEY),
    "payout": Entry("payout", "Pay runs of staff: run, approve, pay, export, list.", MONEY),
    "bank-account": Entry("bank_account", "Bank accounts that pay runs use.", SETUP),
    "reconcile": Entry("reconcile", "Prove that the ledger equals what Stripe moved.", MONEY),
    "relay": Entry("relay", "The relay: run it, drain it once, ask how it is.", OPERATIONS),
    "outbox": Entry("outbox", "Effects: list, retry, discard, resume, reconcile.", OPERATIONS),
    "inbox": Entry("inbox", "Events that Stripe has told: list, show, retry.", OPERATIONS),
    "schedule": Entry("schedule", "What recurs: add, list, show, set, run, remove.", OPERATIONS),
    "secret": Entry("secret", "Keys of provider tokens: status, rotate.", OPERATIONS),
    "db": Entry("db", "The database: up, down, upgrade, backup, restore, move.", OPERATIONS),
    "doctor": Entry("doctor", "Check everything, with a remedy for each finding.", OPERATIONS),
    "sandbox": Entry("sandbox", "Stand-ins for Stripe, Google and WhatsApp.", OPERATIONS),
    "torture": Entry(
        "torture", "Race writers for everything, and prove that nothing is sold twice.", OPERATIONS
    ),
    "demo": Entry("demo", "The whole story on an embedded database, with proofs.", OPERATIONS),
    "audit": Entry("audit", "Who changed what, and whether anything else did.", OPERATIONS),
    "completion": Entry(
        "completion", "Words by Tab in bash, zsh, fish: show, install.", OPERATIONS
    ),
    "config": Entry("config", "Settings, and where each one comes from.", OPERATIONS),
}

GLOBAL_OPTIONS = (
    ("-t, --tenant SLUG", "the business (BOOKRA_TENANT, or bookra use SLUG)"),
    ("--json", "one JSON document on stdout; errors as JSON on stderr"),
    ("--output FORMAT", "table, json or csv"),
    ("--quiet", "data only, no remarks"),
    ("--yes", "answer every question with yes"),
    ("--database NAME", "a database of the embedded server (BOOKRA_DATABASE)"),
    ("--database-url URL", "another PostgreSQL 15 or newer (BOOKRA_DATABASE_URL)"),
    ("--home DIR", "where data lives (BOOKRA_HOME)"),
    ("--profile NAME", "a set of settings in config.toml (BOOKRA_PROFILE)"),
    ("--version", "the version of Bookra"),
)

EXAMPLES = """\
  bookra demo                                     see all of it in a minute
  bookra slots cut --staff ana --from tomorrow    what is free
  bookra book cut --staff any --at 'thu 14:30' --customer 'Rosa Vega'
  bookra pay LUN-7F3K --cash --tip 5.00
"""

EXIT_CODES = (
    "0 done · 1 unexpected · 2 usage · 3 not found · 4 conflict · 5 not allowed\n"
    "  6 invalid input · 7 unavailable, try later · 8 a check found something · 130 interrupted"
)


def root_help() -> str:
    """Return the help of ``bookra`` itself."""
    lines = [
        "Usage: bookra [OPTIONS] COMMAND …",
        "",
        "Bookings, payments and payouts for salons and coaches, from the terminal.",
    ]
    for panel in (DESK, SETUP, MONEY, OPERATIONS):
        lines += ["", panel]
        lines += [
            f"  {name:<10} {entry.help}" for name, entry in COMMANDS.items() if entry.panel == panel
        ]
    lines += ["", "Options, before or after the command"]
    lines += [f"  {flag:<20} {meaning}" for flag, meaning in GLOBAL_OPTIONS]
    lines += ["", "Examples", EXAMPLES.rstrip(), "", "Exit codes", f"  {EXIT_CODES}"]
    lines += ["", "Each command explains itself: bookra COMMAND --help", ""]
    return "\n".join(lines)

"""Opening accounts with the stand-ins, also while nobody runs them."""

from __future__ import annotations

import secrets
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bookra.sandbox.state import State, issue_token, random_id, remember
from bookra.sandbox.stripe import accounts


@dataclass(frozen=True, slots=True)
class StripeAccount:
    """A connected account, and the platform's key that may act for it by ``Stripe-Account``."""

    id: str
    secret_key: str


@dataclass(frozen=True, slots=True)
class GoogleCalendar:
    """A calendar, a token that opens it, and the refresh token that ``/token`` exchanges."""

    id: str
    token: str
    refresh_token: str


@dataclass(frozen=True, slots=True)
class WhatsAppSender:
    """A sender's phone number id and the token that may send from it."""

    phone_number_id: str
    token: str


@dataclass(frozen=True, slots=True)
class MailAccount:
    """An address that may send, and the password that its login needs."""

    sender: str
    password: str


def open_stripe_account(
    directory: Path, *, country: str, currency: str, name: str
) -> StripeAccount:
    """Open a connected Stripe account that settles in ``currency``."""
    with closing(State(directory)) as state, state.writing() as tx:
        account = accounts.open_account(tx, country=country, currency=currency, name=name)
        return StripeAccount(account["id"], accounts.platform_key(tx))


def open_stripe_platform(directory: Path) -> str:
    """Return the platform's secret key: with it accounts are opened over the API."""
    with closing(State(directory)) as state, state.writing() as tx:
        return accounts.platform_key(tx)


def open_google_calendar(directory: Path, *, name: str) -> GoogleCalendar:
    """Open a calendar; its events are seen by its own token alone."""
    calendar = f"c_{secrets.token_hex(16)}@group.calendar.google.com"
    opened = GoogleCalendar(calendar, random_id("ya29.sandbox-", 60), random_id("1//sandbox-", 60))
    with closing(State(directory)) as state, state.writing() as tx:
        issue_token(tx, opened.token, provider="google", kind="access", owner=calendar)
        issue_token(tx, opened.refresh_token, provider="google", kind="refresh", owner=calendar)
        remember(tx, f"calendar_name_{calendar}", name)
    return opened


def open_whatsapp_sender(directory: Path, *, display_name: str) -> WhatsAppSender:
    """Open a WhatsApp sender whose templates are all approved."""
    number = str(100_000_000_000_000 + secrets.randbelow(800_000_000_000_000))
    opened = WhatsAppSender(number, random_id("EAAsandbox", 120))
    with closing(State(directory)) as state, state.writing() as tx:
        issue_token(tx, opened.token, provider="whatsapp", kind="access", owner=number)
        remember(tx, f"whatsapp_sender_{number}", display_name)
    return opened


def open_mail_account(directory: Path, *, sender: str) -> MailAccount:
    """Open an account at the mail stand-in that may send from ``sender``."""
    opened = MailAccount(sender, random_id("mail-sandbox-", 40))
    with closing(State(directory)) as state, state.writing() as tx:
        issue_token(tx, opened.password, provider="mail", kind="access", owner=sender)
    return opened

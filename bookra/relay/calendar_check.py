"""Whether an account at Google opens its calendar, asked when it is connected."""

from __future__ import annotations

import json
from datetime import timedelta

from bookra.config import Settings, sandbox_address
from bookra.engine.business import Tenant
from bookra.engine.tenancy.providers import ProviderAccount
from bookra.errors import InvalidInputError, UnavailableError
from bookra.relay.outcome import ACCOUNT, Dead, Retry
from bookra.relay.providers.google_calendar import CalendarClient, GoogleAccess
from bookra.relay.providers.google_events import Question


def check_calendar(
    settings: Settings, tenant: Tenant, account: ProviderAccount, token: str
) -> None:
    """Read an hour of the account's calendar.

    Raises InvalidInputError (``calendar_refused``) when Google refuses, UnavailableError
    (``google_unreachable``) when it can't be asked now, or the stand-in (``sandbox_down``).
    """
    url = sandbox_address(settings) if account.sandbox else None
    start = tenant.created_at
    question = Question(tenant.id.hex, start, start + timedelta(hours=1), tenant.zone)
    with CalendarClient(GoogleAccess(token, url)) as client:
        answer = client.read(account.config["calendar"], question)
    if isinstance(answer, Dead) or (isinstance(answer, Retry) and answer.error_class == ACCOUNT):
        raise InvalidInputError(
            "calendar_refused",
            f"Google does not open the calendar: {answer.why}",
            hint=f"Share it with {_who(token)}, with the right to make changes to events",
        )
    if isinstance(answer, Retry):
        raise UnavailableError("google_unreachable", f"Google can't be asked now: {answer.why}")


def _who(token: str) -> str:
    """Return whom a calendar is to be shared with: an address that is no person's."""
    known = json.loads(token) if token.lstrip().startswith("{") else {}
    return str(known.get("client_email") or "the account that you connect")

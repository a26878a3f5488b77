"""How ``bookra tenant provider set google`` comes by a credential, of three kinds."""

from __future__ import annotations

import json
import sys
from typing import IO

from bookra.commands import output
from bookra.commands.files import text_of
from bookra.commands.session import current
from bookra.errors import InvalidInputError, UnavailableError, UsageError

PRIMARY = "primary"
"""What Google calls a person's own calendar, when it is they who ask."""


def credential(
    *,
    sandbox: bool,
    service_account: IO[str] | None,
    subject: str | None,
    oauth_client: IO[str] | None,
    browser: bool,
) -> str | None:
    """Return a credential as JSON, or None when none of the files was given.

    Raises UsageError for both files at once, and what a person's consent raises.
    """
    if service_account is not None and oauth_client is not None:
        raise UsageError("usage", "Give --service-account or --oauth-client, not both")
    if subject and service_account is None:
        raise UsageError("usage", "--subject says whom a --service-account acts for")
    if service_account is not None:
        return _service_account(text_of(service_account), subject)
    return None if oauth_client is None else _consented(text_of(oauth_client), sandbox, browser)


def check(calendar: str, token: str, *, sandbox: bool) -> None:
    """Refuse a calendar that the credential does not open; say so when it can't be asked now."""
    from bookra.engine.tenancy.providers import ProviderAccount
    from bookra.relay.calendar_check import check_calendar

    session = current()
    chosen = ProviderAccount("google", sandbox, {"calendar": calendar})
    try:
        check_calendar(session.settings, session.ask(lambda tx: tx.tenant), chosen, token)
    except UnavailableError as error:
        output.remark(f"The calendar could not be checked: {error.message}")


def _service_account(text: str, subject: str | None) -> str:
    """Return a service account's key, with whom it acts for."""
    try:
        key = json.loads(text)
        known = key["type"] == "service_account" and key["client_email"] and key["private_key"]
    except (ValueError, KeyError, TypeError):
        known = False
    if not known:
        raise InvalidInputError(
            "bad_service_account",
            "This is not the key of a service account",
            hint="Make one in Google Cloud: Service accounts, Keys, Add key, JSON",
        )
    return json.dumps({**key, "subject": subject} if subject else key)


def _consented(text: str, sandbox: bool, browser: bool) -> str:
    """Ask a person in their browser; returns what they consented to."""
    import webbrowser

    from bookra.config import sandbox_address
    from bookra.relay.providers.google_consent import Consent, read_client

    url = sandbox_address(current().settings) if sandbox else None
    with Consent(read_client(text), url) as consent:
        # Whatever the output's form: nothing goes on before somebody has opened it.
        sys.stderr.write(f"Open this address and let Bookra use the calendar:\n{consent.address}\n")
        sys.stderr.flush()
        if browser:
            webbrowser.open(consent.address)
        return consent.wait()

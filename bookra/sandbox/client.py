"""How the command line and the tests steer a running sandbox: over its control API."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from typing import Any

from bookra.errors import (
    BookraError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
)

ANSWER_SECONDS = 10.0

_ERRORS: dict[int, type[BookraError]] = {
    400: InvalidInputError,
    404: NotFoundError,
    409: ConflictError,
}


class SandboxClient:
    """One sandbox, by the URL that it recorded.

    Every method raises UnavailableError (``sandbox_down``) when nobody answers there.
    """

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def show(self, *, account: str | None = None) -> dict[str, Any]:
        """Return what the outside saw: charges, events, messages; see the command line's JSON."""
        return self._ask("GET", "show", {} if account is None else {"account": account})

    def pay(self, reference: str, card: str = "visa") -> dict[str, Any]:
        """Pay a Checkout URL, session id or booking code with a test card (visa, declined, 3ds).

        A declined card is an outcome (``paid`` is false), not an error. Raises NotFoundError
        (``session_not_found``) or ConflictError (``already_paid``, ``session_expired``).
        """
        return self._ask("POST", "pay", {"reference": reference, "card": card})

    def fault(
        self,
        provider: str,
        kind: str | None = None,
        *,
        count: int | None = None,
        rate: float | None = None,
        per_second: float | None = None,
        seconds: float | None = None,
        account: str | None = None,
        off: bool = False,
    ) -> dict[str, Any]:
        """Plan a fault, or switch it off (all of the provider's, without a kind).

        ``per_second`` is a rate limit's, ``seconds`` how long a webhook is held back; ``account``
        limits it to one account, calendar or sender.
        """
        wanted = {
            "provider": provider,
            "kind": kind,
            "count": count,
            "rate": rate,
            "per_second": per_second,
            "seconds": seconds,
            "account": account,
            "off": off,
        }
        return self._ask("POST", "fault", wanted)

    def advance(self, seconds: int) -> dict[str, Any]:
        """Move the sandbox's clock on: links lapse, pending money becomes available."""
        return self._ask("POST", "clock", {"seconds": seconds})

    def register_webhook(self, url: str, secret: str, *, provider: str = "stripe") -> str:
        """Have the provider's events posted to ``url``, signed with ``secret``; return its id."""
        wanted = {"url": url, "secret": secret, "provider": provider}
        return str(self._ask("POST", "webhooks", wanted)["id"])

    def webhooks(self) -> list[dict[str, Any]]:
        """Return who is sent webhooks: provider, url, and how many deliveries still wait."""
        return list(self._ask("GET", "webhooks", {})["webhooks"])

    def forget_webhooks(self, provider: str, url: str | None = None) -> list[dict[str, Any]]:
        """Send the provider's events to ``url`` (None: to nobody) no more; return who is left."""
        wanted = {"provider": provider, "url": url, "off": True}
        return list(self._ask("POST", "webhooks", wanted)["webhooks"])

    def whatsapp_statuses(self, after: int = 0) -> dict[str, Any]:
        """Return the status webhooks so far as ``{"statuses": […], "last": cursor}``."""
        return self._ask("GET", "whatsapp/statuses", {"after": after})

    def run_payouts(self, account: str, *, early: bool = False) -> list[dict[str, Any]]:
        """Run the automatic payout of all that is available to ``account``.

        ``early`` makes pending money available first.
        """
        wanted = {"account": account, "early": early}
        return list(self._ask("POST", "stripe/payouts", wanted)["payouts"])

    def settle_payout(self, account: str | None, payout: str, becomes: str) -> dict[str, Any]:
        """Let a payout become ``paid`` or ``failed``."""
        wanted = {"account": account, "payout": payout, "becomes": becomes}
        return dict(self._ask("POST", "stripe/payouts", wanted)["payouts"][0])

    def open_dispute(
        self, account: str | None, charge: str, *, amount: int | None = None
    ) -> dict[str, Any]:
        """Let the customer's bank take back a charge (an id or a booking's code), or a part."""
        wanted = {"account": account, "charge": charge, "amount": amount}
        return dict(self._ask("POST", "stripe/disputes", wanted)["dispute"])

    def close_dispute(self, account: str | None, dispute: str, becomes: str) -> dict[str, Any]:
        """Let a dispute become ``won`` or ``lost``."""
        wanted = {"account": account, "dispute": dispute, "becomes": becomes}
        return dict(self._ask("POST", "stripe/disputes", wanted)["dispute"])

    def refund(
        self, charge: str, *, amount: int | None = None, account: str | None = None
    ) -> dict[str, Any]:
        """Refund a charge (an id or a booking's code) as somebody does in Stripe's dashboard."""
        wanted = {"account": account, "charge": charge, "amount": amount}
        return dict(self._ask("POST", "stripe/refunds", wanted)["refund"])

    def settle_refund(self, refund: str, *, account: str | None = None) -> dict[str, Any]:
        """Let a pending refund succeed: its money moves now."""
        wanted = {"account": account, "refund": refund}
        return dict(self._ask("POST", "stripe/refund-settlements", wanted)["refund"])

    def fail_refund(self, account: str | None, refund: str) -> dict[str, Any]:
        """Let a refund fail; money that had moved comes back as a movement of its own."""
        wanted = {"account": account, "refund": refund}
        return dict(self._ask("POST", "stripe/refund-failures", wanted)["refund"])

    def onboard(self, account: str, due: Sequence[str] = ()) -> dict[str, Any]:
        """Let a Stripe account's owner fill in the forms; ``due`` is what is wanted even then."""
        wanted = {"account": account, "due": list(due)}
        return dict(self._ask("POST", "stripe/onboarding", wanted)["account"])

    def expire_sync_tokens(self) -> None:
        """Make Google answer 410 to every sync token given so far."""
        self._ask("POST", "google/expire-sync-tokens", {})

    def _ask(self, method: str, name: str, given: dict[str, Any]) -> dict[str, Any]:
        import httpx

        address = f"{self._url}/_sandbox/{name}"
        nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # it is on this machine, without TLS
        try:
            with httpx.Client(timeout=ANSWER_SECONDS, trust_env=False, verify=nobody) as http:
                if method == "GET":
                    reply = http.get(address, params=given)
                else:
                    reply = http.post(address, json=given)
            document: dict[str, Any] = reply.json()
        except (httpx.HTTPError, ValueError):
            raise UnavailableError(
                "sandbox_down",
                f"The sandbox does not answer at {self._url}",
                hint="Start it: bookra sandbox run",
            ) from None
        if reply.status_code == 200:
            return document
        error = document["error"]
        kind = _ERRORS.get(reply.status_code, BookraError)
        raise kind(error["code"], error["message"], hint=error["hint"])

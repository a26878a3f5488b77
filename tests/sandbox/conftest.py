"""A running sandbox for each test module, and accounts of its own for each test."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import stripe

from bookra.sandbox import SandboxClient, StripeAccount, open_stripe_account, serve


@dataclass(frozen=True)
class Running:
    """A sandbox in this process: where it keeps its state, and how to reach it."""

    directory: Path
    url: str

    @property
    def control(self) -> SandboxClient:
        return SandboxClient(self.url)


@contextmanager
def running(directory: Path) -> Iterator[Running]:
    stop, listening = threading.Event(), threading.Event()
    urls: list[str] = []

    def ready(url: str) -> None:
        urls.append(url)
        listening.set()

    thread = threading.Thread(
        target=serve, args=(directory,), kwargs={"ready": ready, "stop": stop}
    )
    thread.start()
    try:
        assert listening.wait(20)
        yield Running(directory, urls[0])
    finally:
        stop.set()
        thread.join(20)


@pytest.fixture(scope="module")
def shared_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared_sandbox: Running) -> Iterator[Running]:
    """The module's sandbox, without faults."""
    yield shared_sandbox
    for provider in ("stripe", "google", "whatsapp"):
        shared_sandbox.control.fault(provider, off=True)


@pytest.fixture
def own_sandbox(tmp_path: Path) -> Iterator[Running]:
    """A sandbox of the test's own, whose clock it may move."""
    with running(tmp_path / "own") as sandbox:
        yield sandbox


@pytest.fixture
def start() -> Callable[[Path], Any]:
    return running


NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Whom the stand-ins' plain HTTP has to trust: reading a list takes longer than a question."""


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=10, trust_env=False, verify=NOBODY) as client:
        yield client


Shop = tuple[stripe.StripeClient, StripeAccount]
Clients = Callable[..., stripe.StripeClient]


@pytest.fixture
def clients() -> Iterator[Clients]:
    """Make real Stripe clients; their connections are closed at the end."""
    sessions: list[requests.Session] = []

    def make(
        url: str, key: str, *, retries: int = 0, read_seconds: float = 10
    ) -> stripe.StripeClient:
        session = requests.Session()
        session.trust_env = False
        sessions.append(session)
        return stripe.StripeClient(
            key,
            stripe_version="2026-10-28.endive",
            base_addresses={"api": url, "connect": url, "files": url},
            max_network_retries=retries,
            http_client=stripe.RequestsClient(timeout=(5, read_seconds), session=session),
        )

    yield make
    for session in sessions:
        session.close()


class Salon:
    """A connected account in dollars, asked through the real Stripe client."""

    def __init__(
        self, sandbox: Running, client: stripe.StripeClient, account: StripeAccount
    ) -> None:
        self.sandbox = sandbox
        self.client = client
        self.v1 = client.v1
        self.account = account
        self.me: dict[str, Any] = {"stripe_account": account.id}

    def keyed(self, key: str) -> dict[str, Any]:
        return {"idempotency_key": key, **self.me}

    def wanted(self, code: str, minor: int = 12300, fee: int | None = 100, **more: Any) -> Any:
        """Return the parameters of a Checkout Session as the relay sends them."""
        data: dict[str, Any] = {"metadata": {"op": f"op-{code}"}}
        if fee is not None:
            data["application_fee_amount"] = fee
        price = {"currency": "usd", "unit_amount": minor, "product_data": {"name": "Cut"}}
        return {
            "mode": "payment",
            "client_reference_id": code,
            "success_url": "https://salon.example/thanks",
            "line_items": [{"quantity": 1, "price_data": price}],
            "payment_intent_data": data,
            **more,
        }

    def session(self, code: str, minor: int = 12300, **more: Any) -> stripe.checkout.Session:
        return self.v1.checkout.sessions.create(self.wanted(code, minor, **more), self.me)

    def paid(self, code: str, minor: int = 12300, **more: Any) -> stripe.PaymentIntent:
        """Let a customer pay ``minor`` by link, and return the PaymentIntent, expanded."""
        self.session(code, minor, **more)
        outcome = self.sandbox.control.pay(code)
        return self.v1.payment_intents.retrieve(
            outcome["payment_intent"], {"expand": ["latest_charge.balance_transaction"]}, self.me
        )

    def seen(self) -> dict[str, Any]:
        """Return what the stand-in itself counts for this account."""
        shown = self.sandbox.control.show(account=self.account.id)
        return dict(shown["stripe"]["accounts"][0])


@pytest.fixture
def salon(sandbox: Running, clients: Clients) -> Salon:
    account = open_stripe_account(sandbox.directory, country="US", currency="USD", name="Luna")
    return Salon(sandbox, clients(sandbox.url, account.secret_key), account)


@pytest.fixture
def salon_of(clients: Clients) -> Callable[..., Salon]:
    """Open a salon in any sandbox, its client with any patience."""

    def open_salon(sandbox: Running, currency: str = "USD", **patience: Any) -> Salon:
        account = open_stripe_account(
            sandbox.directory, country="US", currency=currency, name="Luna"
        )
        return Salon(sandbox, clients(sandbox.url, account.secret_key, **patience), account)

    return open_salon

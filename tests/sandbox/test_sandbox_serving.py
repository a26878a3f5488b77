"""Running the sandbox: one a directory, found again after a kill, quiet when it stops."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe

from bookra.errors import (
    BookraError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    UnavailableError,
)
from bookra.sandbox import SandboxClient, open_stripe_account, serve

SCRIPT = "import sys, pathlib; from bookra.sandbox import serve; serve(pathlib.Path(sys.argv[1]))"
Processes = Callable[[Path], "subprocess.Popen[bytes]"]


@pytest.fixture
def process_of() -> Iterator[Processes]:
    """Start `serve` in a process of its own, and wait until it listens."""
    started: list[subprocess.Popen[bytes]] = []

    def start(directory: Path) -> subprocess.Popen[bytes]:
        (directory / "address.json").unlink(missing_ok=True)
        process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(directory)])
        started.append(process)
        deadline = time.monotonic() + 20
        while not (directory / "address.json").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def address(directory: Path) -> dict[str, Any]:
    recorded: dict[str, Any] = json.loads((directory / "address.json").read_text("utf-8"))
    return recorded


def charge(client: stripe.StripeClient, account: str, key: str) -> stripe.PaymentIntent:
    return client.v1.payment_intents.create(
        {"amount": 2500, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True},
        {"idempotency_key": key, "stripe_account": account},
    )


def test_a_killed_sandbox_comes_back_with_all_it_had_seen(
    tmp_path: Path, process_of: Processes, clients: Any
) -> None:
    account = open_stripe_account(tmp_path, country="US", currency="USD", name="Luna")
    process = process_of(tmp_path)
    first = address(tmp_path)
    assert first["pid"] == process.pid
    made = charge(clients(first["url"], account.secret_key), account.id, "op:kill")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process_of(tmp_path)
    again = address(tmp_path)
    assert again["url"] == first["url"]
    replayed = charge(clients(again["url"], account.secret_key), account.id, "op:kill")
    assert replayed.to_dict() == made.to_dict()
    assert SandboxClient(again["url"]).show()["stripe"]["charges"] == 1


def test_a_kill_amid_requests_leaves_each_one_whole_or_absent(
    tmp_path: Path, process_of: Processes, clients: Any
) -> None:
    account = open_stripe_account(tmp_path, country="US", currency="USD", name="Luna")
    process = process_of(tmp_path)
    client = clients(address(tmp_path)["url"], account.secret_key)
    threading.Timer(0.4, process.kill).start()
    answered = 0
    for index in range(10_000):
        try:
            charge(client, account.id, f"op:{index}")
        except stripe.APIConnectionError:
            break
        answered += 1
    process.wait()
    process_of(tmp_path)
    client = clients(address(tmp_path)["url"], account.secret_key)
    charge(client, account.id, f"op:{answered}")
    seen = SandboxClient(address(tmp_path)["url"]).show()["stripe"]["accounts"][0]
    assert seen["charges"] == seen["balance_transactions"] == answered + 1


def test_two_sandboxes_never_share_a_directory(own_sandbox: Any) -> None:
    with pytest.raises(ConflictError) as refused:
        serve(own_sandbox.directory)
    assert refused.value.code == "sandbox_running"
    assert address(own_sandbox.directory)["url"] == own_sandbox.url


def test_a_clean_stop_removes_the_address_and_the_port_is_taken_again(
    tmp_path: Path, start: Any
) -> None:
    with start(tmp_path) as first:
        recorded = address(tmp_path)
        assert (recorded["url"], recorded["pid"]) == (first.url, os.getpid())
    assert not (tmp_path / "address.json").exists()
    with start(tmp_path) as second:
        assert second.url == first.url
        assert address(tmp_path)["smtp"] == recorded["smtp"]


def test_a_connection_that_was_kept_alive_ends_with_the_sandbox(
    tmp_path: Path, start: Any, salon_of: Any
) -> None:
    with start(tmp_path) as sandbox:
        salon = salon_of(sandbox)
        salon.v1.balance.retrieve(None, salon.me)
    with pytest.raises(stripe.APIConnectionError):
        salon.v1.balance.retrieve(None, salon.me)


def test_a_port_that_somebody_else_took_is_replaced_unless_asked_for(
    tmp_path: Path, start: Any
) -> None:
    with start(tmp_path) as first:
        port = int(first.url.rpartition(":")[2])
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with start(tmp_path) as second:
            assert second.url != first.url
        with pytest.raises(ConflictError) as refused:
            serve(tmp_path, port=port)
    assert refused.value.code == "port_taken"


def test_it_listens_on_loopback_alone(own_sandbox: Any) -> None:
    assert own_sandbox.url.startswith("http://127.0.0.1:")


def test_accounts_can_be_opened_while_it_runs(own_sandbox: Any, salon_of: Any) -> None:
    one, two = salon_of(own_sandbox), salon_of(own_sandbox)
    assert one.account.secret_key == two.account.secret_key
    assert one.account.id != two.account.id
    one.paid("LUN-ONE")
    shown = own_sandbox.control.show()["stripe"]
    assert [account["charges"] for account in shown["accounts"]] == [1, 0]
    assert own_sandbox.control.show(account=two.account.id)["stripe"]["charges"] == 0


def test_a_sandbox_that_does_not_answer_is_unavailable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(UnavailableError) as refused:
            SandboxClient(url).show()
    assert (refused.value.code, refused.value.exit_code) == ("sandbox_down", 7)
    assert "bookra sandbox run" in refused.value.hint


def test_show_has_the_keys_that_scripts_rely_on(own_sandbox: Any, salon_of: Any) -> None:
    salon_of(own_sandbox).paid("LUN-SHOW")
    shown = own_sandbox.control.show()
    assert (shown["stripe"]["charges"], shown["stripe"]["refunds"]) == (1, 0)
    assert shown["stripe"]["net"] == 11813
    assert shown["calendar"] == {"events": []}
    assert shown["whatsapp"] == {"messages": []}


def refused_by(act: Callable[[], Any]) -> tuple[type[BookraError], str]:
    with pytest.raises(BookraError) as refused:
        act()
    return type(refused.value), refused.value.code


def test_paying_by_url_id_or_code_and_what_is_refused(salon: Any) -> None:
    control = salon.sandbox.control
    by_url, by_id = salon.session("LUN-U"), salon.session("LUN-I")
    salon.session("LUN-K")
    for reference in (by_url.url, by_id.id, "lun-k"):
        assert control.pay(reference)["paid"] is True
    assert refused_by(lambda: control.pay("LUN-K")) == (ConflictError, "already_paid")
    assert refused_by(lambda: control.pay("LUN-NONE")) == (NotFoundError, "session_not_found")
    salon.session("LUN-X")
    assert refused_by(lambda: control.pay("LUN-X", "amex")) == (InvalidInputError, "card_unknown")


def test_a_code_means_its_open_link_even_after_an_older_one_expired(salon: Any) -> None:
    old = salon.session("LUN-TWICE")
    salon.v1.checkout.sessions.expire(old.id, None, salon.me)
    new = salon.session("LUN-TWICE")
    assert salon.sandbox.control.pay("LUN-TWICE")["session"] == new.id


def test_a_wrong_fault_is_refused_and_a_right_one_can_be_switched_off(sandbox: Any) -> None:
    control = sandbox.control
    for wrong in (
        lambda: control.fault("paypal", "500"),
        lambda: control.fault("stripe", "explode"),
        lambda: control.fault("stripe", "500", count=0),
        lambda: control.fault("stripe", "500", rate=1.5),
        lambda: control.fault("stripe", "500", rate=0.5, count=1),
    ):
        assert refused_by(wrong)[0] is InvalidInputError
    control.fault("google", "429", count=3)
    planned = control.fault("stripe", "500", rate=0.25)["faults"]
    assert {"provider": "stripe", "kind": "500", "remaining": None, "rate": 0.25} in planned
    left = control.fault("stripe", off=True)["faults"]
    assert [fault["provider"] for fault in left] == ["google"]

"""The relay's small HTTP server: which addresses it takes, and that it starts and stops."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any

import httpx
import pytest

from bookra.errors import InvalidInputError, UnavailableError
from bookra.relay.listening import Listening, parse_address


def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Answer everything with ok."""
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]


def test_an_address_names_its_host_and_its_port() -> None:
    assert parse_address("127.0.0.1:8787") == ("127.0.0.1", 8787)
    assert parse_address(" localhost:0 ") == ("localhost", 0)
    assert parse_address("[::1]:80") == ("::1", 80)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        ":",
        "8787",
        ":8787",
        "127.0.0.1",
        "127.0.0.1:",
        "h:x",
        "h:70000",
        "h:-1",
        "::1:80",
        "h:٣",
    ],
)
def test_what_leaves_a_part_away_is_no_address(wrong: str) -> None:
    with pytest.raises(InvalidInputError, match="no address to listen on"):
        parse_address(wrong)


def test_an_address_of_another_machine_is_none_of_ours() -> None:
    with pytest.raises(InvalidInputError, match="no such address"):
        Listening(application, "192.0.2.1:8787", "test", threads=1).start()


def test_who_comes_second_is_told_which_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(UnavailableError) as refused:
            Listening(application, address, "webhooks", threads=1).start()
    assert refused.value.code == "port_taken"
    assert address in refused.value.message


def test_a_server_that_is_stopped_answers_nobody_and_may_be_stopped_again() -> None:
    server = Listening(application, "127.0.0.1:0", "test", threads=1)
    server.stop()  # before it was started
    server.start()
    answer = httpx.get(server.url, trust_env=False)
    assert (answer.text, "server" in answer.headers) == ("ok", False)
    server.stop()
    server.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url, trust_env=False)


def test_it_stops_although_a_caller_holds_a_connection_open() -> None:
    server = Listening(application, "127.0.0.1:0", "test", threads=1)
    server.start()
    host, port = parse_address(server.url.removeprefix("http://"))
    with socket.create_connection((host, port), timeout=5) as silent:
        silent.sendall(b"POST /stripe/luna HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf")
        server.stop()
        with suppress(ConnectionResetError):
            assert silent.recv(100) == b""

"""Connecting a business to a mail server: by the stand-in, and what a real one must have."""

from __future__ import annotations

from pathlib import Path

import pytest
from front_desk import Desk


def provider(desk: Desk, *words: str) -> tuple[int, str]:
    ran = desk("tenant", "provider", "set", "mail", *words, "--json")
    return ran.code, "" if not ran.code else ran.error["code"]


def test_the_stand_in_is_connected_in_one_word_and_its_password_is_never_shown(
    desk: Desk,
) -> None:
    connected = desk("tenant", "provider", "set", "mail", "--sandbox", "--json", check=True)
    assert connected.json["config"] == {
        "sender": "bookings@luna.example",
        "user": "bookings@luna.example",
    }
    listed = desk("tenant", "provider", "list", "--json", check=True)
    assert [one["provider"] for one in listed.json] == ["mail"]
    assert "mail-sandbox-" not in connected.stdout + listed.stdout


def test_a_server_has_a_port_a_login_and_a_secret(desk: Desk, tmp_path: Path) -> None:
    secret = tmp_path / "password.txt"
    secret.write_text("s3cret-of-luna\n")
    given = ("--host", "smtp.example.com", "--sender", "hello@luna.example")
    words = (*given, "--security", "starttls", "--token-file", str(secret), "--json")
    connected = desk("tenant", "provider", "set", "mail", *words, check=True)
    assert connected.json["sandbox"] is False
    assert connected.json["config"] == {
        "host": "smtp.example.com",
        "port": "587",
        "security": "starttls",
        "user": "hello@luna.example",
        "sender": "hello@luna.example",
    }
    assert "s3cret" not in connected.stdout + connected.stderr


@pytest.mark.parametrize(
    ("words", "code", "name"),
    [
        (("--host", "smtp.example.com"), 6, "bad_email"),
        (("--host", "smtp.example.com", "--sender", "nobody"), 6, "bad_email"),
        (("--sender", "a@b.example"), 2, "usage"),
        (("--host", "smtp.example.com", "--sender", "a@b.example"), 2, "usage"),
        (
            ("--host", "smtp.example.com", "--sender", "a@b.example", "--security", "none"),
            6,
            "not_encrypted",
        ),
    ],
)
def test_an_account_that_no_mail_could_go_out_by_is_refused(
    desk: Desk, words: tuple[str, ...], code: int, name: str
) -> None:
    assert provider(desk, *words) == (code, name)
    assert desk("tenant", "provider", "list", "--json", check=True).json == []

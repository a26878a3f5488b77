"""Marked secrets go in; everything that is written anywhere is searched for them.

Tokens, secrets of webhooks, the key itself and passwords of URLs: on stdout and stderr, in the
relay's log, in errors and tracebacks, in what child processes are told by their arguments, and in
a dump of the whole database.
"""

from __future__ import annotations

import base64
import subprocess
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from connected import Connected
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import text

from bookra.commands import root
from bookra.engine.schema import metadata
from bookra.engine.tenancy.providers import open_account
from bookra.engine.tenancy.vault import Vault

PASSWORD = "pw-marked-7Kq2"
TOKEN = "EAAmarkedTokenOfWhatsApp0123456789abcdef"
WEBHOOK = "whsec_marked0123456789abcdef"
URLS = (
    f"postgresql://someone:{PASSWORD}@127.0.0.1:1/none",
    f"postgresql://127.0.0.1:1/none?user=someone&password={PASSWORD}",
    f"postgresql://someone:{PASSWORD}@[broken/none",
    f"mysql://someone:{PASSWORD}@127.0.0.1/none",
)


class Everything:
    """All that was written, by where; searched at the end."""

    def __init__(self) -> None:
        self.written: dict[str, str] = {}

    def add(self, where: str, what: str) -> None:
        self.written[where] = self.written.get(where, "") + what

    def tells(self, marks: dict[str, str]) -> list[tuple[str, str]]:
        """Return which mark is where, also as hexadecimal or base64 of it."""
        return [
            (where, name)
            for where, what in self.written.items()
            for name, mark in marks.items()
            for shape in (mark, mark.encode().hex(), base64.b64encode(mark.encode()).decode()[:-4])
            if shape in what
        ]


@pytest.fixture
def everything(monkeypatch: pytest.MonkeyPatch) -> Everything:
    """What is written, with the arguments of every child process."""
    found, begin = Everything(), subprocess.Popen.__init__

    def noted(self: Any, args: Any, *rest: Any, **options: Any) -> None:
        found.add("arguments of children", f"{args}\n")
        environment = {**(options.get("env") or {})}
        found.add("environment of children", f"{environment}\n")
        begin(self, args, *rest, **options)

    monkeypatch.setattr(subprocess.Popen, "__init__", noted)
    return found


@pytest.fixture
def bookra(
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    everything: Everything,
) -> Iterator[Callable[..., int]]:
    """Run a command in this process; what it writes is noted."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> int:
        capsys.readouterr()
        code = root.run(list(words))
        out, err = capsys.readouterr()
        everything.add("output of " + " ".join(words[:3]), f"{out}\n{err}")
        return code

    yield run
    capsys.readouterr()


def marks_of(luna: Connected) -> dict[str, str]:
    vault = Vault(luna.settings.key_file)
    found = {"password of a URL": PASSWORD, "given token": TOKEN, "webhook secret": WEBHOOK}
    for provider in ("stripe", "google"):
        _, token = luna.salon.ask(lambda tx, of=provider: open_account(tx, vault, of))
        found[f"{provider} token"] = token["token"]
    for number, key in enumerate(vault.ring()):
        found[f"key {number}"] = base64.b64encode(key.secret).decode()
        found[f"key {number} in hex"] = key.secret.hex()
    found["database password"] = str(conninfo_to_dict(luna.salon.database.url)["password"])
    return found


def test_no_secret_is_in_anything_that_is_written(
    luna: Connected,
    bookra: Callable[..., int],
    everything: Everything,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    for name, secret in (("token", TOKEN), ("webhook", WEBHOOK)):
        (tmp_path / name).write_text(secret, "utf-8")
    to = ("--tenant", "luna")
    setting = ("tenant", "provider", "set")
    assert bookra(*setting, "stripe", "--webhook-secret", str(tmp_path / "webhook"), *to) == 0
    given = ("--phone-number-id", "1", "--token-file", str(tmp_path / "token"))
    assert bookra(*setting, "whatsapp", *given, *to, "--idempotency-key", "w1") == 0
    assert bookra("secret", "rotate", "--json") == 0
    luna.book()
    luna.drain()  # a live sender: nothing may be reached here, and that is told in the log
    everything.add("the relay's log", "".join(capsys.readouterr()))
    monkeypatch.setenv("BOOKRA_REPLICA_URL", URLS[1])
    for words in (
        ("tenant", "provider", "list", *to),
        ("tenant", "provider", "list", *to, "--json"),
        ("tenant", "provider", "check", "stripe", *to, "--json"),
        ("secret", "status"),
        ("secret", "status", "--json"),
        ("config", "show"),
        ("outbox", "list", *to, "--json"),
        ("audit", "list", *to, "--json"),
        ("doctor", *to, "--json"),
    ):
        bookra(*words)
    for url in URLS:
        assert bookra("staff", "list", *to, "--database-url", url, "--json") in (2, 6, 7)
        bookra("config", "show", "--database-url", url)
        bookra("config", "show", "--database-url", url, "--json")
    monkeypatch.delenv("BOOKRA_REPLICA_URL")
    monkeypatch.setattr(
        "bookra.engine.tenancy.providers.accounts", lambda _: (_ for _ in ()).throw(KeyError(TOKEN))
    )
    assert bookra("tenant", "provider", "list", *to) == 1
    everything.add("tracebacks", (luna.settings.home / "log" / "last-error.txt").read_text("utf-8"))
    saved = tmp_path / "luna.backup"
    admin = luna.salon.database.admin_url
    assert bookra("db", "backup", str(saved), "--database-url", admin) == 0
    everything.add("the backup", saved.read_bytes().decode("latin-1") + unpacked(saved))
    for table in metadata.sorted_tables:
        rows = text(f"SELECT CAST(t AS text) FROM {table.name} t")
        stored = luna.salon.ask(lambda tx, of=rows: [row[0] for row in tx.rows(of)])
        everything.add("the database", "\n".join(stored))
    marks = marks_of(luna)
    assert len(everything.written) > 15
    assert len(everything.written["the database"]) > 10_000
    assert everything.tells(marks) == [], everything.tells(marks)
    everything.add("a proof that this search finds", f"…{TOKEN.encode().hex()}…")
    assert everything.tells(marks) == [("a proof that this search finds", "given token")]


def unpacked(saved: Path) -> str:
    """Return whatever of a file's bytes can be unpacked, wherever a packed stream begins."""
    content, found = saved.read_bytes(), []
    at = content.find(b"\x78")
    while at >= 0:
        with suppress(zlib.error):
            found.append(zlib.decompressobj().decompress(content[at:]).decode("latin-1"))
        at = content.find(b"\x78", at + 1)
    return "\n".join(found)

"""A new key for provider tokens while relays and operators go on: killed, resumed, the old gone."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from connected import Connected
from factories import open_business
from sqlalchemy import text

from bookra.commands import root
from bookra.engine.tenancy import vault_rotation as rotation
from bookra.engine.tenancy.providers import ProviderAccount, open_account, set_account
from bookra.engine.tenancy.vault import Vault
from bookra.engine.tenancy.vault_keys import Places
from bookra.errors import ConflictError, UnavailableError
from bookra.relay.access import Clients

STRIPE = ProviderAccount("stripe", sandbox=True, config={"account": "acct_nova"})
ROWS = text("SELECT provider, key_id, state FROM provider_accounts WHERE tenant_id = :tenant_id")
AS_THE_RELEASE_BEFORE = text(
    "UPDATE provider_accounts SET secret = :secret, changed_by = session_user"
    " WHERE tenant_id = :tenant_id AND provider = 'stripe'"
)
# Dies by SIGKILL in the second business's transaction, everything in it written.
KILLED = """
import os, signal
from bookra.commands import root
from bookra.engine.tenancy import vault_rotation as rotation
whole = rotation.reseal
def dying(tx, vault):
    done = whole(tx, vault)
    if tx.tenant.slug == "nova":
        os.kill(os.getpid(), signal.SIGKILL)
    return done
rotation.reseal = dying
root.run(["secret", "rotate"])
"""
EVENTS = text("SELECT command, subjects FROM installation_events ORDER BY recorded_at, id")


def with_neighbour(luna: Connected, vault: Vault) -> None:
    """Open a second business with a token sealed by the same key."""
    open_business(luna.salon.database, "nova")
    store = lambda tx: set_account(tx, vault, STRIPE, {"token": "sk_test_nova"})  # noqa: E731
    luna.salon.engine.act("nova", store, command="test")


def key_ids(luna: Connected, slug: str) -> set[str]:
    return {row.key_id for row in luna.salon.engine.ask(slug, lambda tx: tx.rows(ROWS))}


def opened(luna: Connected, slug: str, vault: Vault) -> str:
    return luna.salon.engine.ask(slug, lambda tx: open_account(tx, vault, "stripe"))[1]["token"]


def test_a_rotation_that_was_killed_is_finished_while_a_relay_delivers(
    luna: Connected, environment: dict[str, str]
) -> None:
    """The relay's clients stay open through it: its vault reads the ring anew each time."""
    engine, vault = luna.salon.engine, Vault(luna.settings.key_file)
    with_neighbour(luna, vault)
    (old,) = vault.ring()
    assert key_ids(luna, "luna") == key_ids(luna, "nova") == {old.id}
    with luna.relay() as relay:
        luna.book(0)
        relay.drain_until_idle()
        killed = subprocess.run(
            [sys.executable, "-c", KILLED],
            env={**os.environ, **environment},
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert key_ids(luna, "nova") == {old.id} != key_ids(luna, "luna")
        luna.book(1)
        relay.drain_until_idle()
        with pytest.raises(ConflictError) as refused:
            rotation.forget_old(engine, vault)
        assert refused.value.details == {"tokens": [{"tenant": "nova", "provider": "stripe"}]}
        again = rotation.rotate(engine, vault)
        assert (again.added, again.sealed, again.unopened) == (False, 1, ())
        assert rotation.rotate(engine, vault).sealed == 0
        assert [key.id for key in rotation.forget_old(engine, vault)] == [old.id]
        assert rotation.forget_old(engine, vault) == []
        luna.book(2)
        relay.drain_until_idle()
    assert luna.rows() == []
    assert len(luna.outside.show()["calendar"]["events"]) == 3
    assert opened(luna, "nova", vault) == "sk_test_nova"
    assert [key.id for key in vault.ring()] == [again.key.id] != [old.id]
    assert len(luna.settings.key_file.read_bytes()) == 32
    told = engine.across_tenants(lambda connection: connection.execute(EVENTS).all())
    assert [row.command for row in told] == ["secret rotate", "secret forget"]
    assert [row.subjects for row in told] == [[f"key:{again.key.id}"], [f"key:{old.id}"]]


def test_a_token_that_an_older_program_sealed_is_found_whatever_its_note_says(
    luna: Connected,
) -> None:
    """The release before knows no key ids: it leaves the one that is noted, and it is untrue."""
    engine, vault = luna.salon.engine, Vault(luna.settings.key_file)
    (old,) = vault.ring()
    account, token = luna.salon.ask(lambda tx: open_account(tx, vault, "stripe"))
    late = vault.seal(luna.salon.tenant.id, account, token)
    rotation.rotate(engine, vault)
    luna.salon.act(lambda tx: tx.run(AS_THE_RELEASE_BEFORE, secret=late.secret))
    assert old.id not in key_ids(luna, "luna")
    with pytest.raises(ConflictError):
        rotation.forget_old(engine, vault)
    assert rotation.rotate(engine, vault).sealed == 1
    assert len(rotation.forget_old(engine, vault)) == 1
    assert opened(luna, "luna", vault) == token["token"]


def test_a_key_is_brought_to_a_relay_elsewhere_before_it_seals(
    luna: Connected, tmp_path: Path
) -> None:
    engine, vault = luna.salon.engine, Vault(luna.settings.key_file)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    clients = Clients(engine, replace(luna.settings, home=elsewhere))
    copy = elsewhere / "secret.key"

    def bring() -> None:
        copy.write_bytes(luna.settings.key_file.read_bytes())
        copy.chmod(0o600)

    prepared, made = rotation.prepare(engine, vault)
    assert made
    assert rotation.prepare(engine, vault) == (prepared, False)
    assert vault.sealing_key().id != prepared.id
    bring()
    done = rotation.rotate(engine, vault)
    assert (done.key.id, done.sealed) == (prepared.id, 3)
    assert clients.sealed("luna", "stripe")[1] == {"token": luna.stripe.secret_key}
    bring()
    rotation.forget_old(engine, vault)
    assert clients.sealed("luna", "google")[0].provider == "google"
    copy.unlink()
    with pytest.raises(UnavailableError):
        clients.sealed("luna", "stripe")


def test_a_key_of_the_environment_seals_before_the_file_and_is_never_made_here(
    luna: Connected,
) -> None:
    engine, file = luna.salon.engine, luna.settings.key_file
    given = {"BOOKRA_KEY": base64.b64encode(b"k" * 32).decode()}
    vault = Vault(file, places=Places(file, environ=given))
    (old,) = Vault(file).ring()
    done = rotation.rotate(engine, vault)
    assert (done.added, done.sealed, done.key.source) == (False, 3, "$BOOKRA_KEY")
    assert rotation.forget_old(engine, vault) == []  # the file is its owner's to remove
    assert [key.id for key in Vault(file).ring()] == [old.id]
    file.unlink()
    assert opened(luna, "luna", vault) == luna.stripe.secret_key
    alone = Vault(file, places=Places(file, environ={}))
    for work in (rotation.rotate, rotation.forget_old, rotation.prepare):
        with pytest.raises(UnavailableError) as missing:
            work(engine, alone)
        assert missing.value.code == "key_missing"
    assert not file.exists()


def test_the_commands_say_which_key_seals_what_and_never_a_key(
    luna: Connected,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def bookra(*words: str) -> tuple[int, str, str]:
        return root.run(["secret", *words]), *capsys.readouterr()

    before = json.loads(bookra("status", "--json")[1])
    assert [(key["role"], key["tokens"]) for key in before["keys"]] == [("seals", 3)]
    rotated = json.loads(bookra("rotate", "--json")[1])
    assert (rotated["new"], rotated["sealed"]) == (True, 3)
    code, shown, remarks = bookra("status")
    assert (code, shown.count(rotated["seals"])) == (0, 4)
    for encoded in luna.settings.key_file.read_text("ascii").split():
        assert encoded not in shown + remarks
    luna.settings.key_file.write_bytes(b"another key that is 32 bytes....."[:32])
    code, _, failure = bookra("status", "--json")
    assert (code, json.loads(failure)["error"]["code"]) == (8, "wrong_key")
    luna.settings.key_file.chmod(0o644)
    code, _, failure = bookra("rotate", "--json")
    assert (code, json.loads(failure)["error"]["code"]) == (7, "key_exposed")

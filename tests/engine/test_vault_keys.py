"""Keys of provider tokens: where they come from, which one seals, and what is refused."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from bookra.engine.tenancy import vault_keys
from bookra.engine.tenancy.providers import ProviderAccount
from bookra.engine.tenancy.vault import Vault
from bookra.engine.tenancy.vault_keys import Places
from bookra.errors import UnavailableError
from bookra.ids import new_id

STRIPE = ProviderAccount("stripe", sandbox=True, config={"account": "acct_1luna"})
TOKEN = {"token": "sk_test_51abc"}


class Wallet(KeyringBackend):
    """A keyring in memory, as a desktop's is behind a socket; it can be locked."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked("locked")
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "secret.key"


def write(file: Path, content: bytes, mode: int = 0o600) -> None:
    file.write_bytes(content)
    file.chmod(mode)


def line(key: bytes) -> str:
    return base64.b64encode(key).decode()


def code(places: Places) -> str:
    with pytest.raises(UnavailableError) as refused:
        vault_keys.ring(places)
    return refused.value.code


def test_the_first_key_seals_and_every_one_opens(file: Path) -> None:
    old, new, later = (bytes([number]) * 32 for number in (1, 2, 3))
    write(file, old)
    vault, tenant = Vault(file, places=Places(file, environ={})), new_id()
    before = vault.seal(tenant, STRIPE, TOKEN)
    assert vault.sealing_key().id == before.key_id
    write(file, f"# rotated\n{line(new)}\n{line(old)}  # of 2024\nnext {line(later)}\n".encode())
    after = vault.seal(tenant, STRIPE, TOKEN)
    assert after.key_id != before.key_id
    assert [vault.open(tenant, STRIPE, one.secret) for one in (before, after)] == [TOKEN] * 2
    assert [key.upcoming for key in vault.ring()] == [False, False, True]
    assert line(new) not in repr(vault.ring())
    assert vault_keys.written(vault.ring()).count(b"\n") == 3


def test_keys_come_from_the_environment_then_a_credential_then_the_file(
    file: Path, tmp_path: Path
) -> None:
    here, given, lent = (bytes([number]) * 32 for number in (1, 2, 3))
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    write(credentials / "bookra.key", lent, 0o440)
    write(file, here)
    environ = {
        "BOOKRA_KEY": f"{line(given)},{line(here)}",
        "CREDENTIALS_DIRECTORY": str(credentials),
    }
    ring = vault_keys.ring(Places(file, environ=environ))
    assert [key.secret for key in ring] == [given, here, lent]
    assert [key.source for key in ring][::2] == [
        "$BOOKRA_KEY",
        "$CREDENTIALS_DIRECTORY/bookra.key",
    ]


@pytest.mark.parametrize("mode", [0o604, 0o606, 0o620, 0o666, 0o777])
def test_a_key_that_others_may_read_is_refused(file: Path, mode: int) -> None:
    write(file, b"k" * 32, mode)
    assert code(Places(file, environ={})) == "key_exposed"
    file.chmod(0o640)  # a relay of the same group
    assert len(vault_keys.ring(Places(file, environ={}))) == 1


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33, b"a" * 44, b"next\n", b"\xff" * 40])
def test_what_is_no_key_is_named_and_not_shown(file: Path, content: bytes) -> None:
    write(file, content)
    with pytest.raises(UnavailableError) as refused:
        vault_keys.ring(Places(file, environ={}))
    assert refused.value.code == "key_broken"
    assert "short" not in refused.value.message + refused.value.hint
    with pytest.raises(UnavailableError):
        Vault(file).seal(new_id(), STRIPE, TOKEN)
    assert file.read_bytes() == content


def test_a_keyring_holds_the_keys_only_where_it_is_chosen(file: Path) -> None:
    wallet, before = Wallet(), keyring.get_keyring()
    keyring.set_keyring(wallet)
    try:
        places, tenant = Places(file, keyring=True, environ={}), new_id()
        vault = Vault(file, places=places)
        sealed = vault.seal(tenant, STRIPE, TOKEN)
        assert not file.exists()
        assert vault.open(tenant, STRIPE, sealed.secret) == TOKEN
        with vault.changing_keys() as ring:
            ring.insert(0, vault_keys.new_key("keyring"))
        assert vault.open(tenant, STRIPE, sealed.secret) == TOKEN
        assert vault.seal(tenant, STRIPE, TOKEN).key_id != sealed.key_id
        assert vault_keys.ring(Places(file, environ={})) == []
        wallet.locked = True
        assert code(places) == "key_unavailable"
    finally:
        keyring.set_keyring(before)


def test_two_who_add_a_key_at_once_lose_none(file: Path) -> None:
    write(file, b"k" * 32)
    places, together = Places(file, environ={}), Barrier(6, timeout=20)

    def add(_number: int) -> str:
        together.wait()
        with Vault(file, places=places).changing_keys() as ring:
            ring.insert(0, vault_keys.new_key("here"))
        return ring[0].id

    with ThreadPoolExecutor(6) as threads:
        added = set(threads.map(add, range(6)))
    ring = vault_keys.ring(places)
    assert {key.id for key in ring[:-1]} == added
    assert ring[-1].secret == b"k" * 32


def test_keys_that_were_not_changed_to_the_end_stay_as_they_were(file: Path) -> None:
    write(file, b"k" * 32)

    def interrupted() -> None:
        with Vault(file, places=Places(file, environ={})).changing_keys() as ring:
            ring.clear()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert file.read_bytes() == b"k" * 32
    assert [path.name for path in file.parent.iterdir()] == [file.name]

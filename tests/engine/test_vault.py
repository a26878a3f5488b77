"""Provider tokens: sealed to their business and provider, with a key that stays outside."""

from __future__ import annotations

import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from factories import Salon, open_salon
from sqlalchemy import text

from bookra.engine.database import open_pool
from bookra.engine.tenancy.providers import ProviderAccount, accounts, open_account
from bookra.engine.tenancy.vault import Vault
from bookra.errors import NotFoundError, UnavailableError
from bookra.ids import new_id

TOKEN = {"secret_key": "sk_test_51abc"}
STRIPE = ProviderAccount("stripe", sandbox=True, config={"account": "acct_1luna"})
GOOGLE = ProviderAccount("google", sandbox=True, config={"calendar": "luna"})
STEAL = text(
    "UPDATE bookra.provider_accounts a SET secret = b.secret FROM bookra.provider_accounts b"
    " WHERE a.tenant_id = :mine AND b.tenant_id = :theirs"
)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """Where the key will be: in a home that does not exist yet."""
    return tmp_path / "home" / "secret.key"


def refused_code(vault: Vault, tenant: object, provider: ProviderAccount, sealed: bytes) -> str:
    with pytest.raises(UnavailableError) as refused:
        vault.open(tenant, provider, sealed)
    return refused.value.code


def test_a_token_comes_back_for_its_own_business_and_provider(key_file: Path) -> None:
    tenant = new_id()
    sealed = Vault(key_file).seal(tenant, STRIPE, TOKEN).secret
    assert b"sk_test" not in sealed
    assert Vault(key_file).open(tenant, STRIPE, sealed) == TOKEN


def test_a_ciphertext_that_is_moved_does_not_open(key_file: Path) -> None:
    vault, tenant = Vault(key_file), new_id()
    sealed = vault.seal(tenant, STRIPE, TOKEN).secret
    assert refused_code(vault, new_id(), STRIPE, sealed) == "wrong_key"
    assert refused_code(vault, tenant, GOOGLE, sealed) == "wrong_key"


def test_a_token_does_not_open_for_an_account_that_was_changed_by_hand(key_file: Path) -> None:
    """A platform's key is shared: another account id would open another business's money."""
    vault, tenant = Vault(key_file), new_id()
    sealed = vault.seal(tenant, STRIPE, TOKEN).secret
    elsewhere = ProviderAccount("stripe", sandbox=True, config={"account": "acct_1nova"})
    live = ProviderAccount("stripe", sandbox=False, config=STRIPE.config)
    assert refused_code(vault, tenant, elsewhere, sealed) == "wrong_key"
    assert refused_code(vault, tenant, live, sealed) == "wrong_key"


@pytest.mark.parametrize("position", [0, 12, -1])
def test_a_ciphertext_that_is_changed_does_not_open(key_file: Path, position: int) -> None:
    vault, tenant = Vault(key_file), new_id()
    changed = bytearray(vault.seal(tenant, STRIPE, TOKEN).secret)
    changed[position] ^= 1
    assert refused_code(vault, tenant, STRIPE, bytes(changed)) == "wrong_key"


def test_a_token_is_never_sealed_twice_the_same(key_file: Path) -> None:
    vault, tenant = Vault(key_file), new_id()
    assert len({vault.seal(tenant, STRIPE, TOKEN).secret for _ in range(5)}) == 5


def test_the_key_is_its_owners_alone(key_file: Path) -> None:
    before = os.umask(0)
    try:
        Vault(key_file).seal(new_id(), STRIPE, TOKEN)
    finally:
        os.umask(before)
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert len(key_file.read_bytes()) == 32
    assert [path.name for path in key_file.parent.iterdir()] == [key_file.name]


def test_another_key_and_a_missing_one_are_told_apart(key_file: Path, tmp_path: Path) -> None:
    tenant = new_id()
    sealed = Vault(key_file).seal(tenant, STRIPE, TOKEN).secret
    other = tmp_path / "other.key"
    Vault(other).seal(tenant, STRIPE, TOKEN)
    assert refused_code(Vault(other), tenant, STRIPE, sealed) == "wrong_key"
    missing = Vault(tmp_path / "none.key")
    assert refused_code(missing, tenant, STRIPE, sealed) == "key_missing"
    assert not (tmp_path / "none.key").exists()


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_broken_key_file_is_told(key_file: Path, content: bytes) -> None:
    tenant = new_id()
    sealed = Vault(key_file).seal(tenant, STRIPE, TOKEN).secret
    key_file.write_bytes(content)
    assert refused_code(Vault(key_file), tenant, STRIPE, sealed) == "key_broken"


def test_a_secret_that_was_cut_short_is_told(key_file: Path) -> None:
    vault, tenant = Vault(key_file), new_id()
    sealed = vault.seal(tenant, STRIPE, TOKEN).secret
    for length in (0, 5, 12, 20):
        assert refused_code(vault, tenant, STRIPE, sealed[:length]) == "wrong_key"


def test_those_who_make_the_key_at_once_agree_on_one(key_file: Path) -> None:
    tenant, together = new_id(), threading.Barrier(8, timeout=20)

    def seal(_number: int) -> bytes:
        together.wait()
        return Vault(key_file).seal(tenant, STRIPE, TOKEN).secret

    with ThreadPoolExecutor(8) as threads:
        sealed = list(threads.map(seal, range(8)))
    assert [Vault(key_file).open(tenant, STRIPE, one) for one in sealed] == [TOKEN] * 8


def test_what_a_killed_command_left_does_not_stop_the_next(
    key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    tenant = new_id()
    with monkeypatch.context() as before:
        before.setattr(os, "fdopen", killed)
        with pytest.raises(KeyboardInterrupt):
            Vault(key_file).seal(tenant, STRIPE, TOKEN)
    sealed = Vault(key_file).seal(tenant, STRIPE, TOKEN).secret
    assert Vault(key_file).open(tenant, STRIPE, sealed) == TOKEN


def test_what_is_stored_is_sealed_and_what_is_shown_has_no_token(
    salon: Salon, key_file: Path
) -> None:
    salon.connect_provider("stripe", key_file, account="acct_1")
    shown = salon.ask(accounts)["stripe"]
    assert (shown.sandbox, dict(shown.config)) == (True, {"account": "acct_1"})
    dump = text("SELECT a::text FROM provider_accounts a WHERE tenant_id = :tenant_id")
    (row,) = salon.ask(lambda tx: tx.rows(dump))
    assert "sk_test" not in row[0]
    assert b"sk_test".hex() not in row[0]
    _, token = salon.ask(lambda tx: open_account(tx, Vault(key_file), "stripe"))
    assert token == {"token": "sk_test_1"}


def test_setting_a_provider_again_replaces_it(salon: Salon, key_file: Path) -> None:
    for account in ("acct_1", "acct_2"):
        salon.connect_provider("stripe", key_file, account=account)
    assert salon.ask(accounts)["stripe"].config == {"account": "acct_2"}


def test_a_row_copied_to_another_business_does_not_open(salon: Salon, key_file: Path) -> None:
    """Even an administrator who copies the column hands nobody the other's token."""
    other = open_salon(salon.database, salon.pool, "sol")
    for each in (salon, other):
        each.connect_provider("stripe", key_file)
    administrator = open_pool(salon.database.administrator, pooled=False)
    with administrator.begin() as connection:
        connection.execute(STEAL, {"mine": other.tenant.id, "theirs": salon.tenant.id})
    with pytest.raises(UnavailableError) as refused:
        other.ask(lambda tx: open_account(tx, Vault(key_file), "stripe"))
    assert refused.value.code == "wrong_key"


def test_a_provider_that_was_never_set_is_named(salon: Salon, key_file: Path) -> None:
    with pytest.raises(NotFoundError) as refused:
        salon.ask(lambda tx: open_account(tx, Vault(key_file), "google"))
    assert refused.value.code == "provider_not_set"

"""The secrets that webhooks are checked by, given by the command line as tokens are."""

from __future__ import annotations

from pathlib import Path

from command_line import CommandLine
from connected import Connected

from bookra.engine.tenancy.providers import open_account
from bookra.engine.tenancy.vault import Vault


def token(luna: Connected, provider: str) -> dict[str, str]:
    """Return what is sealed with an account."""
    vault = Vault(luna.settings.key_file)
    return luna.salon.ask(lambda tx: open_account(tx, vault, provider))[1]


def test_a_secret_is_sealed_with_the_account_and_outlives_a_new_token(
    luna: Connected, bookra: CommandLine, tmp_path: Path
) -> None:
    before = token(luna, "stripe")["token"]
    file = tmp_path / "secret.txt"
    file.write_text("whsec_old\nwhsec_new\n", "utf-8")
    setting = ("tenant", "provider", "set", "stripe", "--tenant", "luna", "--json")
    ran = bookra(*setting, "--webhook-secret", str(file), check=True)
    assert "whsec" not in ran.stdout + ran.stderr
    assert ran.json["config"]["account"] == luna.stripe.id
    assert token(luna, "stripe") == {"token": before, "webhook_secret": "whsec_old\nwhsec_new"}
    bookra(*setting, "--sandbox", "--platform-fee-percent", "2", check=True)
    assert token(luna, "stripe") == {"token": before, "webhook_secret": "whsec_old\nwhsec_new"}


def test_an_app_s_secret_and_its_word_are_sealed_and_an_empty_file_is_refused(
    luna: Connected, bookra: CommandLine, tmp_path: Path
) -> None:
    app, word, empty = (tmp_path / name for name in ("app", "word", "empty"))
    app.write_text("app-secret", "utf-8")
    word.write_text("verify-me\n", "utf-8")
    empty.write_text("\n", "utf-8")
    setting = ("tenant", "provider", "set", "whatsapp", "--tenant", "luna", "--json")
    bookra(*setting, "--app-secret", str(app), "--verify-token", str(word), check=True)
    sealed = token(luna, "whatsapp")
    assert (sealed["app_secret"], sealed["verify_token"]) == ("app-secret", "verify-me")
    refused = bookra(*setting, "--app-secret", str(empty))
    assert (refused.code, refused.error["code"]) == (2, "usage")
    assert token(luna, "whatsapp") == sealed

"""``bookra secret``: the keys that provider tokens are sealed with: status, rotate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bookra.commands import output
from bookra.commands.options import group
from bookra.commands.session import current
from bookra.errors import CheckFailedError, UsageError

if TYPE_CHECKING:
    from bookra.engine.tenancy.vault import Vault
    from bookra.engine.tenancy.vault_rotation import Token

app = group("Keys of provider tokens: status, rotate.")


@app.command()
def status() -> None:
    """Show which keys there are, and which one seals the token of whom; never a key.

    The platform sees every business, an owner their own. A token that no key opens ends in 8.

    Examples:

      bookra secret status
      bookra secret status --json
    """
    vault = _vault()
    ring, found = vault.ring(), _tokens(vault)
    document: dict[str, Any] = {
        "keys": [
            {
                "id": key.id,
                "source": key.source,
                "role": "next" if key.upcoming else "opens" if number else "seals",
                "tokens": sum(token.key is not None and token.key.id == key.id for token in found),
            }
            for number, key in enumerate(ring)
        ],
        "tokens": [_token(token) for token in found],
    }
    if current().format == "json":
        output.record(document)
    else:
        output.rows(document["keys"], ("role", "id", "source", "tokens"), empty="There is no key.")
        if document["tokens"]:
            output.rows(document["tokens"], ("tenant", "provider", "sandbox", "key"))
    lost = [_token(token) for token in found if token.key is None]
    if lost:
        raise CheckFailedError(
            "wrong_key",
            f"No key opens {len(lost)} of {len(found)} tokens",
            hint="Bring the right key back, or set those providers again",
            details={"tokens": lost},
        )


@app.command()
def rotate(
    prepare: Annotated[
        bool, typer.Option("--prepare", help="Only make the key, to bring it elsewhere first.")
    ] = False,
    forget_old: Annotated[
        bool, typer.Option("--forget-old", help="Remove the keys of before, once nothing needs it.")
    ] = False,
) -> None:
    """Seal every provider token with a new key; the old one still opens until it is forgotten.

    Running it again changes nothing, and finishes what was interrupted. Relays go on working.
    Where several machines have the key: --prepare, copy secret.key to each of them, rotate, copy
    it again, and --forget-old.

    Examples:

      bookra secret rotate
      bookra secret rotate --prepare
      bookra secret rotate --forget-old
    """
    from bookra.engine.tenancy import vault_rotation as rotation

    if prepare and forget_old:
        raise UsageError("usage", "--prepare begins a rotation and --forget-old ends one")
    vault, engine = _vault(), current().engine
    if prepare:
        key, made = rotation.prepare(engine, vault)
        output.record({"next": key.id, "made": made, "kept_in": vault.places.kept_in})
        output.remark("It opens from now on. Bring it to every machine, then: bookra secret rotate")
        return
    if forget_old:
        gone = rotation.forget_old(engine, vault)
        output.record({"seals": vault.sealing_key().id, "forgotten": [key.id for key in gone]})
        return
    done = rotation.rotate(engine, vault)
    document = {"seals": done.key.id, "new": done.added, "sealed": done.sealed}
    output.record({**document, "unopened": [_token(token) for token in done.unopened]})
    if len(vault.ring()) > 1:
        output.remark("The old key still opens. Once every machine has the new one: --forget-old")


def _vault() -> Vault:
    from bookra.engine.tenancy.vault import Vault

    return Vault.of(current().settings)


def _tokens(vault: Vault) -> list[Token]:
    """Return the tokens that this login may know of."""
    from bookra.engine.tenancy import vault_rotation as rotation

    session = current()
    everybodys = session.engine.across_tenants(
        lambda connection: rotation.tokens(connection, vault)
    )
    if everybodys or session.settings.tenant is None:
        return everybodys
    return session.ask(lambda tx: rotation.own_tokens(tx, vault))


def _token(token: Token) -> dict[str, Any]:
    return {
        "tenant": token.tenant,
        "provider": token.provider,
        "sandbox": token.sandbox,
        "key": token.key.id if token.key else None,
    }

"""Who may open which calendar of the Google stand-in: owners, shares, service accounts, tokens.

A calendar's owner is named by the calendar itself. Others get a role in it by sharing, as in its
settings at Google; a service account is somebody of its own, whose key signs what it asks for.
"""

from __future__ import annotations

import base64
import json
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from bookra.sandbox.state import State, issue_token, now, random_id, remember, setting

WRITER, READER, FREE_BUSY = "writer", "reader", "freeBusyReader"
ROLES = (WRITER, READER, FREE_BUSY)

KEY_BITS = 2048


def role_of(tx: sqlite3.Connection, owner: str, calendar: str) -> str | None:
    """Return what somebody may do in a calendar: ``owner``, a shared role, or None."""
    if owner == calendar:
        return "owner"
    return setting(tx, f"calendar_role|{calendar}|{owner}")


def zone_of(tx: sqlite3.Connection, calendar: str) -> str:
    """Return the zone that a calendar's settings name."""
    return setting(tx, f"calendar_zone|{calendar}") or "UTC"


def share_google_calendar(
    directory: Path, calendar: str, *, with_owner: str, role: str = WRITER
) -> None:
    """Give somebody (by their own calendar, or a service account's address) a role in it."""
    if role not in ROLES:
        raise ValueError(f"{role} is none of {', '.join(ROLES)}")
    with closing(State(directory)) as state, state.writing() as tx:
        remember(tx, f"calendar_role|{calendar}|{with_owner}", role)


def set_google_zone(directory: Path, calendar: str, zone: str) -> None:
    """Set the zone of a calendar's settings."""
    with closing(State(directory)) as state, state.writing() as tx:
        remember(tx, f"calendar_zone|{calendar}", zone)


def open_google_service_account(directory: Path) -> dict[str, str]:
    """Make a service account and return its key as Google's JSON file has it."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    address = f"bookra-{secrets.token_hex(4)}@sandbox.iam.gserviceaccount.com"
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with closing(State(directory)) as state, state.writing() as tx:
        remember(tx, f"service_account|{address}", public.decode())
    return {
        "type": "service_account",
        "project_id": "sandbox",
        "private_key_id": secrets.token_hex(20),
        "private_key": private.decode(),
        "client_email": address,
        "token_uri": "https://oauth2.googleapis.com/token",
    }


def bearer_for(tx: sqlite3.Connection, owner: str) -> str:
    """Issue an access token for somebody."""
    secret = random_id("ya29.sandbox-", 60)
    return issue_token(tx, secret, provider="google", kind="access", owner=owner)


def signer_of(tx: sqlite3.Connection, assertion: str) -> tuple[str, str] | None:
    """Return who signed a service account's assertion, and for whom it acts; None if it is wrong.

    It acts for another only as a domain's administrator could let it: here, by a shared role.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    try:
        head, body, signature = assertion.split(".")
        claims = json.loads(_decoded(body))
        public = setting(tx, f"service_account|{claims['iss']}")
        key = serialization.load_pem_public_key((public or "").encode())
        assert isinstance(key, RSAPublicKey)
        signed = f"{head}.{body}".encode()
        key.verify(_decoded(signature), signed, padding.PKCS1v15(), hashes.SHA256())
    except (ValueError, KeyError, TypeError, InvalidSignature):
        return None
    return None if _stale(tx, claims) else (claims["iss"], claims.get("sub") or claims["iss"])


def _stale(tx: sqlite3.Connection, claims: dict[str, Any]) -> bool:
    """Tell whether an assertion is for another time than now, by more than Google allows."""
    return not claims["iat"] - 300 <= now(tx) <= claims["exp"] + 300


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

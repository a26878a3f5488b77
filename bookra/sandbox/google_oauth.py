"""Consent and tokens of the Google stand-in: an owner's consent, PKCE, and what is exchanged.

Whoever opens the consent page here has consented: the page answers at once with a redirect to the
program that asked, on loopback alone. See https://developers.google.com/identity/protocols/oauth2.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import sqlite3
from urllib.parse import parse_qs, urlencode, urlsplit

from bookra.sandbox.google_accounts import bearer_for, role_of, signer_of
from bookra.sandbox.state import Json, issue_token, random_id, remember, setting, token_owner
from bookra.sandbox.wire import Reply, Request

CONSENT_PATH = "/o/oauth2/v2/auth"
TOKEN_PATH = "/token"  # noqa: S105 - an address
TOKEN_SECONDS = 3600

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_SCOPES = re.compile(r"https://www\.googleapis\.com/auth/calendar[a-z.]*")


def consent(tx: sqlite3.Connection, request: Request) -> Reply:
    """Send the browser back with a code for a new person's calendar; 400 for a bad request."""
    asked = _given(request.query)
    wrong = _wrong(asked)
    if wrong:
        return Reply.of_html(400, f"<p>Error 400: invalid_request</p><p>{wrong}</p>")
    calendar = f"owner-{secrets.token_hex(6)}@gmail.com"
    code = random_id("4/0sandbox-", 50)
    kept = {name: asked[name] for name in ("client_id", "redirect_uri", "code_challenge", "scope")}
    remember(tx, f"consent|{code}", json.dumps({**kept, "owner": calendar}))
    remember(tx, f"calendar_name_{calendar}", calendar)
    answer = urlencode({"state": asked.get("state", ""), "code": code, "scope": asked["scope"]})
    return Reply(302, b"", {"Location": f"{asked['redirect_uri']}?{answer}"})


def token(tx: sqlite3.Connection, request: Request) -> tuple[int, Json]:
    """Exchange a code, a refresh token or a service account's assertion for an access token."""
    given = _given(request.body.decode("latin-1"))
    grant = given.get("grant_type")
    if grant == "authorization_code":
        return _by_code(tx, given)
    if grant == JWT_GRANT:
        return _by_assertion(tx, given)
    if grant != "refresh_token":
        return _refused("unsupported_grant_type", "Invalid grant_type")
    owner = token_owner(tx, given.get("refresh_token", ""), provider="google", kind="refresh")
    if owner is None:
        return _refused("invalid_grant", "Token has been expired or revoked.")
    return 200, _bearer(tx, owner)


def _by_code(tx: sqlite3.Connection, given: dict[str, str]) -> tuple[int, Json]:
    name = f"consent|{given.get('code', '')}"
    known = json.loads(setting(tx, name) or "{}")
    tx.execute("DELETE FROM settings WHERE name = ?", (name,))  # a code is good for one exchange
    if not known or not _verified(given.get("code_verifier", ""), known["code_challenge"]):
        return _refused("invalid_grant", "Malformed auth code.")
    if given.get("redirect_uri") != known["redirect_uri"]:
        return _refused("redirect_uri_mismatch", "Bad Request")
    if given.get("client_id") != known["client_id"] or not given.get("client_secret"):
        return 401, {"error": "invalid_client", "error_description": "Unauthorized"}
    secret = random_id("1//sandbox-", 60)
    issue_token(tx, secret, provider="google", kind="refresh", owner=known["owner"])
    return 200, {
        **_bearer(tx, known["owner"]),
        "refresh_token": secret,
        "scope": known["scope"],
    }


def _by_assertion(tx: sqlite3.Connection, given: dict[str, str]) -> tuple[int, Json]:
    found = signer_of(tx, given.get("assertion", ""))
    if found is None:
        return _refused("invalid_grant", "Invalid JWT Signature.")
    signer, acts_for = found
    if acts_for != signer and role_of(tx, signer, acts_for) is None:
        return 401, {"error": "unauthorized_client", "error_description": "Unauthorized"}
    return 200, _bearer(tx, acts_for)


def _bearer(tx: sqlite3.Connection, owner: str) -> Json:
    bearer = bearer_for(tx, owner)
    return {"access_token": bearer, "expires_in": TOKEN_SECONDS, "token_type": "Bearer"}


def _wrong(asked: dict[str, str]) -> str:
    """Return what Google would find wrong with a request for consent, empty when nothing is."""
    back = urlsplit(asked.get("redirect_uri", ""))
    if back.scheme != "http" or back.hostname != "127.0.0.1" or not back.port:
        return "redirect_uri: only a loopback address"
    if asked.get("response_type") != "code" or not asked.get("client_id"):
        return "response_type, client_id"
    if asked.get("code_challenge_method") != "S256" or not asked.get("code_challenge"):
        return "code_challenge"
    scopes = asked.get("scope", "").split()
    return "" if scopes and all(map(_SCOPES.fullmatch, scopes)) else "scope"


def _verified(verifier: str, challenge: str) -> bool:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge


def _refused(error: str, description: str) -> tuple[int, Json]:
    return 400, {"error": error, "error_description": description}


def _given(query: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(query).items()}

"""The installation itself: logins that belong to no business, and what was done to all of them.

Relays and platforms work for every business, so their logins are listed by the server's own
memberships; what was done is an ``installation_events`` row, which nobody can change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from bookra.engine import roles
from bookra.engine.tenancy import logins
from bookra.engine.tenancy.once import LOCK, checked_key, key_reused
from bookra.errors import ConflictError, NotFoundError
from bookra.ids import new_id

GROUPS = {"relay": roles.RELAY, "platform": roles.PLATFORM}

INSERT = text(
    "INSERT INTO bookra.installation_events (id, command, subjects)"
    " VALUES (:id, :command, :subjects)"
)
EVENTS = text(
    """
    SELECT recorded_at, recorded_by, command, subjects FROM bookra.installation_events
     ORDER BY recorded_at DESC, id DESC LIMIT :limit
    """
)
NEWEST = text(
    """
    SELECT command FROM bookra.installation_events
     WHERE subjects ? :subject AND starts_with(command, 'operator ')
     ORDER BY recorded_at DESC, id DESC LIMIT 1
    """
)
WITH_KEY = text(
    """
    SELECT command, subjects FROM bookra.installation_events
     WHERE subjects ? :subject ORDER BY recorded_at, id LIMIT 1
    """
)
LOGINS = text(
    """
    SELECT u.rolname AS login, bool_or(r.rolname = 'bookra_platform') AS platform
      FROM pg_auth_members m
      JOIN pg_roles r ON r.oid = m.roleid
      JOIN pg_roles u ON u.oid = m.member
     WHERE r.rolname IN ('bookra_relay', 'bookra_platform')
       AND u.rolcanlogin
     GROUP BY u.rolname ORDER BY u.rolname
    """
)


@dataclass(frozen=True, slots=True)
class InstallationLogin:
    """A login that works for every business, as a relay or for the platform."""

    login: str
    role: str


@dataclass(frozen=True, slots=True)
class InstallationEvent:
    """Something that was done to the whole installation."""

    recorded_at: datetime
    recorded_by: str
    command: str
    subjects: tuple[str, ...]


def record(connection: Connection, command: str, subjects: Sequence[str]) -> None:
    """Write in the caller's transaction what is done to the installation: ids and names of logins.

    For the platform's login and administrators; who and when are the database's own defaults.
    """
    values = {"id": new_id(), "command": command, "subjects": json.dumps(list(subjects))}
    connection.execute(INSERT, values)


def events(connection: Connection, *, limit: int) -> list[InstallationEvent]:
    """Return what was done to the installation, the newest first; for platforms alone."""
    return [
        InstallationEvent(row.recorded_at, row.recorded_by, row.command, tuple(row.subjects))
        for row in connection.execute(EVENTS, {"limit": limit})
    ]


def installation_logins(connection: Connection) -> list[InstallationLogin]:
    """Return the logins that work for every business."""
    return [
        InstallationLogin(row.login, "platform" if row.platform else "relay")
        for row in connection.execute(LOGINS)
    ]


def once(
    connection: Connection,
    key: str | None,
    command: str,
    parameters: Mapping[str, Any],
    produce: Callable[[], dict[str, Any]],
) -> dict[str, Any]:
    """Return ``produce()``, or the document of the run that had ``key`` first.

    What belongs to no business is answered from the installation's record, so a document holds
    what everybody who reads that record may know. Locks the key until the transaction ends.
    Raises ConflictError (``key_reused``) for another command or other parameters.
    """
    if key is None:
        return produce()
    checked_key(key)
    subject = f"key:{_digest(key)}"
    connection.execute(LOCK, {"name": f"installation|{key}"})
    row = connection.execute(WITH_KEY, {"subject": subject}).one_or_none()
    asked = f"asked:{_digest([command, dict(parameters)])}"
    if row is None:
        document = produce()
        record(connection, command, [subject, asked, f"answer:{json.dumps(document)}"])
        return document
    _, stored, answer = row.subjects
    if stored != asked:
        raise key_reused(key, row.command)
    found: dict[str, Any] = json.loads(answer.removeprefix("answer:"))
    return found


def add_login(
    connection: Connection, login: str, role: str, password: str
) -> tuple[InstallationLogin, bool]:
    """Make a login for a relay or a platform; False if it is there with this role.

    One that was revoked is let in again. Raises ConflictError (``exists``) for another role and
    for a login that is somebody else's.
    """
    logins.checked_login(login)
    roles.require_administrator(connection)
    known = _known(connection, login)
    if known is not None and known.role == role:
        return known, False
    if known is not None:
        raise ConflictError(
            "exists",
            f"The login {login} works as {known.role}",
            hint="Revoke it first, or choose another login",
        )
    if not _revoked(connection, login):
        logins.require_free(connection, login)
    logins.open_login(connection, login, password, [GROUPS[role]])
    record(connection, "operator add", [f"operator:{login}", f"role:{role}"])
    return InstallationLogin(login, role), True


def rotate_login(connection: Connection, login: str, password: str) -> InstallationLogin:
    """Give a relay's or a platform's login another password; raises NotFoundError."""
    found = _present(connection, login)
    logins.require_given(connection, login)
    logins.set_password(connection, login, password)
    record(connection, "operator rotate", [f"operator:{login}"])
    return found


def revoke_login(connection: Connection, login: str) -> bool:
    """Take a relay's or a platform's login away; False if that was done before.

    Raises NotFoundError for a login that was never one of them, NotAllowedError for the login in
    use and for administrators.
    """
    roles.require_administrator(connection)
    if _known(connection, login) is None and _revoked(connection, login):
        return False
    _present(connection, login)
    logins.require_given(connection, login)
    logins.close_login(connection, login)
    record(connection, "operator revoke", [f"operator:{login}"])
    return True


def _known(connection: Connection, login: str) -> InstallationLogin | None:
    found = {each.login: each for each in installation_logins(connection)}
    return found.get(login)


def _present(connection: Connection, login: str) -> InstallationLogin:
    roles.require_administrator(connection)
    known = _known(connection, login)
    if known is None:
        raise NotFoundError(
            "unknown_operator",
            f"'{login}' is no login of the installation",
            hint="List them: bookra operator list --installation",
            details={"login": login},
        )
    return known


def _revoked(connection: Connection, login: str) -> bool:
    """Tell whether the login was one of the installation's, was revoked, and is nobody's since."""
    newest = connection.execute(NEWEST, {"subject": f"operator:{login}"}).scalar_one_or_none()
    return newest == "operator revoke" and logins.standing(connection, login) != "active"


def _digest(said: object) -> str:
    canonical = json.dumps(said, sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]

"""The system account that the server runs as, and what that account can reach.

PostgreSQL refuses to run as root. Root lends the server an account that owns nothing else; an
ordinary user's server is that user's own process.
"""

from __future__ import annotations

import os
import pwd
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bookra.errors import InvalidInputError, UnavailableError

SERVICE_ACCOUNT = "bookra"
FALLBACK_ACCOUNTS = ("postgres", "nobody")

_ADD_ACCOUNT = (
    "useradd --system --user-group --no-create-home --home-dir /nonexistent "
    f"--shell /usr/sbin/nologin {SERVICE_ACCOUNT}"
).split()
# Prints the position of the first folder that can't be entered, nothing when all can.
_ENTER_EACH = 'n=0; for d; do cd "$d" 2>/dev/null || { echo $n; exit; }; n=$((n+1)); done'


@dataclass(frozen=True, slots=True)
class Account:
    """A system user, by name and ids."""

    name: str
    uid: int
    gid: int

    def run(
        self,
        command: Sequence[str | Path],
        *,
        folder: Path = Path("/"),
        text: str = "",
        timeout_seconds: float = 60,
    ) -> Outcome:
        """Run ``command`` as this account in ``folder`` with ``text`` as its input.

        The output goes through a file: a server started below ``command`` would keep a pipe
        open, and the reader of a pipe would wait as long as it lives. Raises UnavailableError
        when the command can't be run or takes too long.
        """
        lent = os.geteuid() == 0 and self.uid != 0
        with tempfile.TemporaryFile() as output:
            try:
                done = subprocess.run(
                    command,
                    input=text.encode(),
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd=folder,
                    env=_environment(),
                    umask=0o077,
                    user=self.uid if lent else None,
                    group=self.gid if lent else None,
                    extra_groups=[] if lent else None,
                    timeout=timeout_seconds,
                    check=False,
                )
            except (OSError, subprocess.SubprocessError) as error:
                raise UnavailableError(
                    "database_unavailable",
                    f"{command[0]} can't be run as {self.name}: {error}",
                    hint="See what is wrong with: bookra doctor",
                ) from error
            output.seek(0)
            return Outcome(done.returncode, output.read().decode("utf-8", "replace").strip())


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command returned: its exit status, and its output and errors as one text."""

    status: int
    output: str


def server_account(server_dir: Path) -> Account:
    """Return the account that owns, or is to own, the files in ``server_dir``.

    Files that exist decide: were the ``bookra`` account made after the first start, the data
    would still be the earlier account's. Root makes the account when it is missing.
    """
    if os.geteuid() != 0:
        return _by_uid(os.geteuid(), os.getegid())
    try:
        owner = server_dir.stat()
    except FileNotFoundError:
        pass
    else:
        if owner.st_uid != 0:
            return _by_uid(owner.st_uid, owner.st_gid)
    found = _by_name(SERVICE_ACCOUNT) or _added()
    return found or _fallback()


def barrier(account: Account, folder: Path) -> Path | None:
    """Return the first folder on the way to ``folder`` that ``account`` can't enter, if any.

    The way is walked as that account rather than read off permission bits, so that access
    control lists and network file systems count too.
    """
    way = [*reversed(folder.parents), folder]
    answer = account.run(["/bin/sh", "-c", _ENTER_EACH, "sh", *way]).output
    return way[int(answer)] if answer else None


def unreachable(folder: Path, account: Account) -> InvalidInputError:
    """Return the error for a home that the server's account can't use because of ``folder``."""
    if os.geteuid() == 0:
        message = f"The database runs as the user '{account.name}', who can't enter {folder}"
        hint = f"Set BOOKRA_HOME to a folder under /var/lib or /srv, or: chmod o+x {folder}"
    else:
        message = f"{folder} is not yours to use: you are '{account.name}'"
        hint = "Set BOOKRA_HOME to a folder of your own"
    return InvalidInputError(
        "home_unreachable", message, hint=hint, details={"folder": str(folder)}
    )


def _environment() -> dict[str, str]:
    """Return all that the server sees: no PG* variable of the caller may change what it does."""
    kept = {key: os.environ[key] for key in ("LD_LIBRARY_PATH",) if key in os.environ}
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "TZ": "UTC", **kept}


def _by_uid(uid: int, gid: int) -> Account:
    try:
        return Account(pwd.getpwuid(uid).pw_name, uid, gid)
    except KeyError:  # a container's arbitrary user has no entry
        return Account(str(uid), uid, gid)


def _by_name(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(name, entry.pw_uid, entry.pw_gid) if entry.pw_uid != 0 else None


def _added() -> Account | None:
    """Make the service account; None where that is impossible (no useradd, read-only system)."""
    try:
        Account("root", 0, 0).run(_ADD_ACCOUNT)
    except UnavailableError:
        return None
    # Looked up whatever useradd answered: another command may have made it at the same time.
    return _by_name(SERVICE_ACCOUNT)


def _fallback() -> Account:
    for name in FALLBACK_ACCOUNTS:
        if account := _by_name(name):
            return account
    raise UnavailableError(
        "database_unavailable",
        "PostgreSQL does not run as root, and this system has no account to lend it",
        hint=f"Add one: {' '.join(_ADD_ACCOUNT)}",
    )

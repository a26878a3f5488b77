"""pg_dump and pg_restore: which ones, and how they run without telling anybody a password.

pg_restore only turns an archive into SQL here and needs no connection, so the wheel's serves for
every server. pg_dump must be at least as new as the server. The wheel's knows no TLS: a server
that is reached by it needs the machine's own.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from bookra.engine.embedded import binaries
from bookra.errors import BookraError, UnavailableError

DEBIAN = Path("/usr/lib/postgresql")
SERVICE = "bookra"
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


def pg_restore() -> Path:
    """Return a pg_restore: the wheel's, or the newest of the machine. Raises UnavailableError."""
    found = _wheels("pg_restore") or _machines("pg_restore")
    if found is None:
        raise _missing("pg_restore", "")
    return found


def pg_dump(server_version: int, *, encrypted: bool) -> Path:
    """Return a pg_dump for a server (``180006``), whose connection is ``encrypted`` or not.

    Raises UnavailableError (``no_pg_dump``) when there is none that is new enough.
    """
    major = server_version // 10_000
    wheels, machines = _wheels("pg_dump"), _machines("pg_dump")
    for program in (machines, wheels) if encrypted else (wheels, machines):
        if program is None or (encrypted and program == wheels):
            continue
        if _major(program) >= major:
            return program
    reason = ", and one that knows TLS" if encrypted else ""
    raise _missing("pg_dump", f" of version {major} or newer{reason}")


@contextmanager
def dumping(
    program: Path, conninfo: Mapping[str, str], schema: str, snapshot: str
) -> Iterator[IO[bytes]]:
    """Run pg_dump on a snapshot and give its archive as a stream.

    Raises UnavailableError (``dump_failed``) at the end when pg_dump says that it failed.
    """
    arguments = ["--format=custom", "--no-password", f"--schema={schema}", f"--snapshot={snapshot}"]
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as said:
        environment = _environment() | _service(Path(folder), conninfo)
        with subprocess.Popen(
            [program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            env=environment,
        ) as process:
            try:
                assert process.stdout is not None
                yield process.stdout
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            raise UnavailableError(
                "dump_failed",
                f"pg_dump could not read the database: {last_words(said)}",
                hint="The login must see every row: a superuser, or BYPASSRLS and pg_read_all_data",
            )


@contextmanager
def converting(said: IO[bytes]) -> Iterator[tuple[IO[bytes], subprocess.Popen[bytes]]]:
    """Run pg_restore on an archive, whose bytes the caller feeds, and give the SQL it makes of it.

    What it complains of goes to the file ``said``.
    """
    with subprocess.Popen(
        [pg_restore(), "--file=-", "--no-owner"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=said,
        env=_environment(),
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout, process
        except BaseException:
            process.kill()
            raise


def last_words(said: IO[bytes]) -> str:
    """Return the last line that a program wrote to a file."""
    said.seek(0)
    lines = said.read(100_000).decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _service(folder: Path, conninfo: Mapping[str, str]) -> dict[str, str]:
    """Write a connection as a service file: neither arguments nor environment show a password."""
    path = folder / "service.conf"
    lines = [f"{key}={value}" for key, value in conninfo.items()]
    if any("\n" in line for line in lines):
        raise UnavailableError("dump_failed", "A setting of the connection has a line break")
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("\n".join([f"[{SERVICE}]", *lines, ""]))
    return {"PGSERVICEFILE": str(path), "PGSERVICE": SERVICE}


def _environment() -> dict[str, str]:
    """Return all that a program sees: of libpq's variables only where secrets and roots are."""
    kept = ("HOME", "LD_LIBRARY_PATH", "PGPASSFILE", "PGPASSWORD", "PGSSLROOTCERT", "PGSSLMODE")
    found = {name: os.environ[name] for name in kept if name in os.environ}
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", **found}


def _wheels(name: str) -> Path | None:
    with suppress(BookraError):
        return binaries.program(binaries.installed_folder(), name)
    return None


def _machines(name: str) -> Path | None:
    """Return the newest program of this name on the machine."""
    folders = list(DEBIAN.glob(f"*/bin/{name}"))
    on_path = shutil.which(name)
    candidates = [*folders, *([Path(on_path)] if on_path else [])]
    return max(candidates, key=_major, default=None)


def _major(program: Path) -> int:
    try:
        said = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=10, check=False
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    found = _VERSION.search(said)
    return int(found[1]) if found else 0


def _missing(name: str, which: str) -> UnavailableError:
    return UnavailableError(
        f"no_{name}",
        f"There is no {name}{which} on this machine",
        hint="Install PostgreSQL's client programs (Debian: postgresql-client)",
    )

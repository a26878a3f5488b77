"""A run of the tests: its folder, and the end of the server in it, also after a killed run.

The run's first process makes the folder. It is locked as long as the run lives, so a later run can
end what a killed one left behind.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

from databases import PREFIX, URL_VARIABLE, Server

from bookra.engine.embedded import EmbeddedServer

SHORT_ROOT = Path("/tmp")
"""A socket's path has little room, and the server's account can't enter a private folder."""


class Run:
    """The run's folder and its lock, held by the process that started the run."""

    def __init__(self) -> None:
        end_stale_runs()
        made = Path(tempfile.mkdtemp(prefix=f".{PREFIX}", dir=SHORT_ROOT))
        made.chmod(0o711)
        self._lock = _lock(made)
        # It gets the name that other runs look for once it is locked, not before.
        self.folder = made.rename(made.with_name(made.name.removeprefix(".")))

    def end(self) -> None:
        """Stop the server, if a test started it, and remove every trace."""
        if URL_VARIABLE in os.environ and (self.folder / "template.lock").exists():
            Server(self.folder).forget()
        _end(self.folder)
        if self._lock is not None:
            os.close(self._lock)


def end_stale_runs() -> None:
    """Stop the servers of runs that were killed: their folders are no longer locked."""
    for folder in SHORT_ROOT.glob(f"{PREFIX}*"):
        try:
            lock = _lock(folder)
        except OSError:
            continue  # another user's, or another run was faster
        if lock is not None:
            _end(folder)
            os.close(lock)


def _end(folder: Path) -> None:
    EmbeddedServer(folder / "home").stop(immediate=True)
    shutil.rmtree(folder, ignore_errors=True)


def _lock(folder: Path) -> int | None:
    """Lock a run's folder; None when its run lives."""
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock

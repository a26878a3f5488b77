"""Where a benchmark's server lives: in a folder that is kept, or in one that goes with it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bookra import bootstrap
from bookra.config import Settings


@contextmanager
def kept_home(named: Path | None) -> Iterator[Path]:
    """Return the folder of the server, which is stopped at the end; a folder not named goes."""
    home = named or Path(tempfile.mkdtemp(prefix="bookra-benchmark-"))
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o711)  # the server's account must be able to pass through
    try:
        yield home
    finally:
        bootstrap.embedded_server(Settings(home=home)).stop()
        if named is None:
            shutil.rmtree(home, ignore_errors=True)

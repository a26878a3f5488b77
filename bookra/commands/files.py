"""Files that commands write: whole, or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from bookra.errors import InvalidInputError

OPEN, PRIVATE = 0o644, 0o600


def write_whole(path: Path, content: bytes, mode: int = OPEN) -> None:
    """Write a file whole or not at all; raises InvalidInputError (``cannot_write``)."""
    partial = ""
    try:
        descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(partial).chmod(mode)
        Path(partial).replace(path)
    except OSError as error:
        Path(partial).unlink(missing_ok=True) if partial else None
        raise InvalidInputError(
            "cannot_write", f"{path} can't be written: {error.strerror}", hint="Choose another --to"
        ) from None

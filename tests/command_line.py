"""The command line as people run it: a process of its own, an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import forked

BOOKRA = (sys.executable, "-m", "bookra")
LONGEST_SECONDS = 60


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """The one document on stdout."""
        return json.loads(self.stdout)

    @property
    def error(self) -> dict[str, Any]:
        """The one error document on stderr."""
        return dict(json.loads(self.stderr)["error"])


@dataclass(frozen=True)
class CommandLine:
    """Runs ``bookra`` with nothing but these variables, in a folder without settings."""

    variables: Mapping[str, str]
    folder: Path

    @classmethod
    def in_folder(cls, folder: Path, **variables: str) -> CommandLine:
        """Return a command line whose settings files would be in ``folder``."""
        (folder / "work").mkdir(exist_ok=True)
        base = {"PATH": os.environ["PATH"], "XDG_CONFIG_HOME": str(folder / "config")}
        return cls(base | {"NO_COLOR": "1"} | variables, folder / "work")

    def __call__(self, *words: str, check: bool = False, **variables: str) -> Ran:
        """Run one command to its end; ``check`` expects it to succeed."""
        ended = forked.run(words, {**self.variables, **variables}, self.folder, LONGEST_SECONDS)
        if check:
            assert ended[0] == 0, ended[2]
        return Ran(*ended)

    @contextmanager
    def start(self, *words: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
        """Start one command; it is killed at the end, unless it has ended by itself."""
        with subprocess.Popen(
            [*BOOKRA, *words],
            env={**self.variables, **variables},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        ) as process:
            try:
                yield process
            finally:
                process.kill()

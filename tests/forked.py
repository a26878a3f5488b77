"""Processes of the command line, forked from one that has imported the program already.

Each command is a process of its own with the environment, the folder and the streams that it is
given, as when a shell starts it; what it saves is the half second in which Python reads the same
modules again. The process that is forked has run nothing of the program.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import pkgutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path

import bookra.commands

FIRST = ("bookra.__main__", "bookra.bootstrap", "bookra.engine.tables", "rich.table")
STREAMS = ("stdout", "stderr")


def run(
    words: Sequence[str], variables: Mapping[str, str], folder: Path, seconds: float
) -> tuple[int, str, str]:
    """Run ``bookra`` with ``words`` to its end; return its exit code, stdout and stderr.

    Raises TimeoutError when it takes longer than ``seconds``; it is killed then.
    """
    with tempfile.TemporaryDirectory(prefix="bookra-ran-") as written:
        files = [Path(written) / name for name in STREAMS]
        for file in files:
            file.touch()
        given = (list(words), dict(variables), str(folder), [str(file) for file in files])
        process = _context().Process(target=_become, args=given)
        # An app under test may have put a stream without a descriptor in stderr's place.
        with redirect_stderr(sys.__stderr__):
            process.start()
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise TimeoutError(f"bookra {' '.join(words)}")
        code = process.exitcode
        process.close()
        stdout, stderr = (file.read_text("utf-8") for file in files)
        return code, stdout, stderr


@cache
def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    doors = pkgutil.iter_modules(bookra.commands.__path__)
    commands = [f"bookra.commands.{door.name}" for door in doors]
    context.set_forkserver_preload([*FIRST, *commands, __name__])
    return context


def _become(words: list[str], variables: dict[str, str], folder: str, files: list[str]) -> None:
    """Turn this process into ``bookra`` with ``words``; ends by SystemExit."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(variables)
    time.tzset()
    os.chdir(folder)
    for number, file in enumerate(files, start=1):
        opened = os.open(file, os.O_WRONLY)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdout, sys.stderr = (_stream(number) for number in (1, 2))
    sys.argv = ["bookra", *words]
    from bookra.__main__ import main

    main()


def _stream(number: int) -> io.TextIOWrapper:
    raw = open(number, "wb", buffering=-1, closefd=False)  # noqa: SIM115 - a descriptor
    return io.TextIOWrapper(raw, encoding="utf-8", errors="strict", write_through=number == 2)

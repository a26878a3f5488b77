"""The program on a real terminal device: it starts, is silent while idle, and leaves it clean."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

HERE = Path(__file__).parent
PROGRAM = """
import sys
sys.path[:0] = sys.argv[1:]
from desk_double import NOW, DeskDouble
from bookra.tui.app import BookraApp
from bookra.tui.screens import base
base.POLL_SECONDS, base.LIVE_POLL_SECONDS = 0.1, 0.0
desk = DeskDouble()
BookraApp(desk, desk.brand(), now=lambda: NOW).run()
print("reads", desk.reads)
"""


def read(device: int, seconds: float) -> bytes:
    """Return what the terminal was sent until it is silent for ``seconds``."""
    received = b""
    while select.select([device], [], [], seconds)[0]:
        try:
            received += os.read(device, 65536)
        except OSError:
            break
    return received


def until(device: int, wanted: str) -> None:
    """Read until something was sent, for at most 20 seconds."""
    received, deadline = "", time.monotonic() + 20
    while wanted not in received:
        assert time.monotonic() < deadline, received[-2000:]
        received += read(device, 0.2).decode("utf-8", "ignore")


def test_a_real_terminal_is_started_left_in_peace_and_given_back() -> None:
    mine, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
    command = [sys.executable, "-c", PROGRAM, str(HERE), str(HERE.parents[1])]
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    ) as program:
        os.close(theirs)
        until(mine, "Rosalind")
        read(mine, 0.5)
        assert read(mine, 1.5) == b""
        os.write(mine, b"\xff\xc3")  # no UTF-8: an old encoding, half a character
        os.write(mine, b"n")
        until(mine, "not free")
        os.write(mine, b"q")
        left = read(mine, 2.0).decode("utf-8", "ignore")
        assert program.wait(10) == 0
    os.close(mine)
    assert "\x1b[?1049l" in left
    assert int(left.rpartition("reads ")[2]) > 10

"""The stand-ins, served from a thread of the test's process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bookra.sandbox import serve


@contextmanager
def serving(directory: Path) -> Iterator[str]:
    """Serve the sandbox of ``directory``, and give its address."""
    stop, listening = threading.Event(), threading.Event()
    urls: list[str] = []

    def ready(url: str) -> None:
        urls.append(url)
        listening.set()

    options = {"ready": ready, "stop": stop}
    thread = threading.Thread(target=serve, args=(directory,), kwargs=options)
    thread.start()
    try:
        assert listening.wait(20)
        yield urls[0]
    finally:
        stop.set()
        thread.join(20)

"""A desk and a relay of the release before, in a process of their own; run by the tests alone.

It imports the unpacked release, never this checkout. It says ``working`` once it works, goes on
working until a line comes, and says ``once each`` when all that it did came out right.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

from connected import ONCE_PAID, connected_salon
from databases import Database

from bookra.config import Settings
from bookra.engine.database import open_pool


def main(home: Path) -> None:
    """Work through an upgrade, and prove what came of it."""
    name, url, admin_url = json.loads(os.environ["OLD_DESK"])
    database = Database(name, url, admin_url)
    pool = open_pool(database.conninfo, size=10)
    settings = Settings(home=home, database_url=url)
    over, trouble = threading.Event(), []
    with connected_salon(database, pool, settings) as luna:
        first = luna.book_with_link(0)
        luna.drain()

        def work() -> None:
            try:
                while not over.is_set():
                    luna.request(20)
                    luna.drain()
            except BaseException as error:
                trouble.append(error)
                raise

        at_work = threading.Thread(target=work)
        at_work.start()
        say("working")
        sys.stdin.readline()
        over.set()
        at_work.join()
        assert not trouble
        luna.pay(first)
        luna.drain()
        second = luna.book_with_link(4)
        luna.drain()
        luna.pay(second)
        luna.drain_past_failures()
        for booking in (first, second):
            seen = luna.seen(booking)
            assert seen["events"] == seen["links"] == seen["messages"] == 1, seen
        assert ONCE_PAID["charges"] * 2 == luna.seen(second)["charges"]
        luna.prove_the_money()
        say("once each")
    pool.dispose()


def say(word: str) -> None:
    """Tell the test, at once."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

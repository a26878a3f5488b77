"""Mounts the doors: the one entry point of ``bookra`` and ``python -m bookra``.

Root help is printed from a static table, without importing anything, because people ask for it
most and it should feel instant; every other word loads only the command that it names.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line and exit with its documented code."""
    arguments = sys.argv[1:]
    if shell := os.environ.get("_BOOKRA_COMPLETE", "").removeprefix("complete_"):
        from bookra.commands.completing import SHELLS, answer

        if shell in SHELLS:
            sys.stdout.write(answer(shell))
            sys.exit(0)
    if arguments in ([], ["--help"], ["-h"]):
        from bookra.commands.catalogue import root_help

        sys.stdout.write(root_help())
        sys.exit(0)
    from bookra.commands.root import run

    sys.exit(run(arguments))


if __name__ == "__main__":
    main()

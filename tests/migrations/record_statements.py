"""Records every statement that a release sends, so that the next one's schema is held against them.

Run it at a release, from the checkout, with the commit of the release before the new migration and
the file to write: ``.venv/bin/python tests/migrations/record_statements.py COMMIT FILE``.

It unpacks that commit beside, imports all of its modules in a process of its own, and writes down
each constant that SQLAlchemy's ``text()`` made, and the opening of a transaction.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

NOT_FOR_IMPORT = ("bookra.__main__",)


def recorded() -> Iterator[dict[str, str]]:
    """Yield the statements of the ``bookra`` that is imported, by module and name."""
    from sqlalchemy import TextClause

    import bookra
    from bookra.engine import statements

    opening = getattr(statements, "Opening", ())  # as release 0.1 has it

    for found in pkgutil.walk_packages(bookra.__path__, "bookra."):
        if found.name in NOT_FOR_IMPORT or ".commands" in found.name or ".tui" in found.name:
            continue
        module = importlib.import_module(found.name)
        for name, value in vars(module).items():
            inside = value.items() if isinstance(value, dict) else [("", value)]
            for key, one in inside:
                if isinstance(one, TextClause):
                    words = str(one)
                elif isinstance(one, opening):
                    words = one.sql.replace("$1", ":tenant_id")
                else:
                    continue
                yield {"from": f"{found.name}:{name}{key and f'[{key}]'}", "sql": words}


def main(commit: str, target: Path) -> None:
    """Unpack ``commit``, and write its statements to ``target``, each once."""
    with tempfile.TemporaryDirectory() as folder:
        packed = subprocess.run(
            ["git", "archive", commit, "bookra"], check=True, capture_output=True
        )
        subprocess.run(["tar", "-x", "-C", folder], input=packed.stdout, check=True)
        said = subprocess.run(
            [sys.executable, __file__],
            env={"PYTHONPATH": folder},
            cwd=folder,
            check=True,
            capture_output=True,
        ).stdout
    unique = {each["sql"]: each for each in json.loads(said)}
    lines = sorted(json.dumps(each, ensure_ascii=False) for each in unique.values())
    target.write_text("[\n" + ",\n".join(lines) + "\n]\n", "utf-8")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        main(sys.argv[1], Path(sys.argv[2]))
    else:
        sys.stdout.write(json.dumps(list(recorded())))

"""What any login sees of the others: the list that docs/threat-model.md holds, as it is read.

The page is the list. A test that finds more fails, and so does one whose page names what isn't.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "threat-model.md"
HEADING = "## What any login sees"
SPELLINGS = {
    "names of businesses' roles": r"bookra_t_[0-9a-f]{32}",
    "names of logins": r"\bquillfeather_(?:front_desk|manager|owner)_[0-9a-f]{8}\b",
}
"""How what is shown by name is spelled in these tests."""


@dataclass(frozen=True)
class Shown:
    """The rows of the page: what is shown, and by which relations (names with ``*``)."""

    by_topic: dict[str, tuple[str, ...]]

    @classmethod
    def read(cls) -> Shown:
        """Read the table below the heading."""
        _, _, rest = PAGE.read_text("utf-8").partition(f"{HEADING}\n")
        section = rest.partition("\n## ")[0]
        rows = [line.split("|")[1:-1] for line in section.splitlines() if line.startswith("| ")]
        return cls({row[0].strip(): tuple(re.findall(r"`([^`]+)`", row[1])) for row in rows[1:]})

    def without(self, answer: str) -> str:
        """Return an answer without the names that the page says are shown."""
        for topic, spelling in SPELLINGS.items():
            if topic in self.by_topic:
                answer = re.sub(spelling, "…", answer)
        return answer

    def patterns(self) -> list[str]:
        """Return the names of relations on the page, some with ``*``."""
        return [pattern for topic in self.by_topic.values() for pattern in topic]

    def names(self, relation: str) -> bool:
        """Tell whether the page names a relation (``pg_catalog.pg_class``)."""
        return any(fnmatchcase(bare(relation), pattern) for pattern in self.patterns())


def bare(relation: str) -> str:
    """Return a relation's name without PostgreSQL's own schema or ours."""
    return relation.removeprefix("pg_catalog.").removeprefix("bookra.")

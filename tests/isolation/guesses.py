"""What a spy would ask about: a value that only the neighbour has, and one that nobody has."""

from __future__ import annotations

import re
from dataclasses import dataclass

from street import ZOES_EMAIL, ZOES_PHONE


@dataclass(frozen=True)
class Guess:
    """A column, a value of the neighbour's and a value of the same kind that nobody has."""

    table: str
    column: str
    theirs: str
    nobodys: str


GUESSES = (
    Guess("customers", "name", "Zoe Zyzzyva", "Zoe Zyzzyvo"),
    Guess("customers", "phone", ZOES_PHONE, f"{ZOES_PHONE[:-1]}7"),
    Guess("customers", "email", ZOES_EMAIL, ZOES_EMAIL.replace("zoe", "zod")),
    Guess("customers", "notes", "allergic to xylophones", "allergic to xylophonez"),
    Guess("tenants", "slug", "quillfeather", "quillfeathes"),
    Guess("tenants", "legal_name", "Quillfeather Coiffure KG", "Quillfeather Coiffure KH"),
    Guess("tenants", "address", "Xylophonstraße 77", "Xylophonstraße 78"),
    Guess("services", "name", "Mohawk à la Zyzzyva", "Mohawk à la Zyzzyvo"),
    Guess("bookables", "name", "Bookable Zyzzyva ana", "Bookable Zyzzyva anb"),
    Guess("bank_accounts", "holder", "Zacharias Zyzzyva", "Zacharias Zyzzyvo"),
    Guess("bank_accounts", "iban", "DE89370400440532013000", "DE89370400440532013001"),
)

_COSTS = re.compile(r"(Planning Time|Execution Time|Buffers|I/O Timings): .*")


def masked(answer: str, value: str) -> str:
    """Return an answer without the value that was asked about, and without times."""
    return _COSTS.sub("", answer.replace(value, "…"))

"""Every error code that the program can end with, what it says and its remedy, from the source.

A code is the first argument of an error's class in ``bookra.errors``; message and hint stand beside
it. They are read from the syntax trees, so a new error is on the page without a word here; only one
whose code is put together at run time is named in ``CHOSEN``, and one without a hint in
``REMEDIES``. What can't be read raises.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from remedies import OF_INVALID_INPUT, REMEDIES

from bookra import errors
from bookra.engine.refusals import CONSTRAINTS, UNAVAILABLE_STATES

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "troubleshooting.md"
BEGIN = "<!-- from here on made by: make pages -->"

CLASSES = {
    name: found.exit_code
    for name, found in vars(errors).items()
    if isinstance(found, type) and issubclass(found, errors.BookraError)
}
TITLES = {
    1: "1: a bug",
    2: "2: usage",
    3: "3: not found",
    4: "4: conflict",
    5: "5: not allowed",
    6: "6: invalid input",
    7: "7: unavailable, try later",
    8: "8: a check found something",
}

CHOSEN = {
    ("engine/backups/programs.py", "_missing"): ("no_pg_dump", "no_pg_restore", "no_psql"),
    ("engine/backups/turn.py", "_running"): ("job_running",),
    ("engine/bookings/classes/refusing.py", "_conflict"): ("class_full", "not_offered"),
    ("engine/imports/appointments.py", "find"): ("unknown_service", "unknown_staff"),
    ("engine/payments/asked.py", "_minor"): ("bad_amount", "bad_tip"),
}
"""Codes that a function is given or puts together, by file and function."""

PASSED_ON = {
    ("engine/refusals.py", "explain"),
    ("engine/refusals.py", "_constraint"),
}
"""Functions whose codes stand in tables that are read here."""


@dataclass(frozen=True)
class Raised:
    """One place that ends with a code."""

    code: str
    exit_code: int
    message: str
    hint: str


def raised() -> list[Raised]:
    """Return every place, in the order of the files."""
    found = [place for path in sorted((ROOT / "bookra").rglob("*.py")) for place in _places(path)]
    for kind, code, message, hint in CONSTRAINTS.values():
        found.append(Raised(code, kind.exit_code, message, hint))
    for code, message, hint in UNAVAILABLE_STATES.values():
        found.append(Raised(code, errors.UnavailableError.exit_code, message, hint))
    return [place for place in found if place.code != "exit"]


def table() -> str:
    """Return the page's generated part: a table of codes for each exit code."""
    codes: dict[int, dict[str, list[Raised]]] = defaultdict(lambda: defaultdict(list))
    places = raised()
    for place in places:
        codes[place.exit_code][place.code].append(place)
    lines = [BEGIN, ""]
    # A page that says nothing is worse than a build that stops.
    if silent := sorted({place.code for place in places} - REMEDIES.keys() - _hinted(places)):
        raise ValueError(f"no hint anywhere, say in REMEDIES what to do: {', '.join(silent)}")
    for exit_code in sorted(codes):
        lines += [
            f"### Exit {TITLES[exit_code]}",
            "",
            "| Code | Says | What to do |",
            "|---|---|---|",
        ]
        for code, here in sorted(codes[exit_code].items()):
            lines.append(f"| `{code}` | {_says(here)} | {_remedy(code, here)} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def page() -> str:
    """Return the whole page: what was written by hand stays."""
    return PAGE.read_text("utf-8").partition(BEGIN)[0] + table()


def _places(path: Path) -> Iterator[Raised]:
    tree = ast.parse(path.read_text("utf-8"))
    name = str(path.relative_to(ROOT / "bookra"))
    constants = {
        node.targets[0].id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }
    for function, call in _calls(tree, ""):
        exit_code = CLASSES[_called(call)]
        for code in _codes(call, constants, (name, function)):
            message = call.args[1] if len(call.args) > 1 else None
            hint = next((word.value for word in call.keywords if word.arg == "hint"), None)
            yield Raised(code, exit_code, _text(message), _text(hint))


def _calls(node: ast.AST, function: str) -> Iterator[tuple[str, ast.Call]]:
    """Yield the constructions of errors below a node, with the function that they are in."""
    for child in ast.iter_child_nodes(node):
        inner = child.name if isinstance(child, ast.FunctionDef) else function
        if isinstance(child, ast.Call) and _called(child) in CLASSES:
            yield inner, child
        yield from _calls(child, inner)


def _called(call: ast.Call) -> str:
    target = call.func
    if isinstance(target, ast.Name):
        return target.id
    return target.attr if isinstance(target, ast.Attribute) else ""


def _codes(
    call: ast.Call, constants: Mapping[str, object], place: tuple[str, str]
) -> tuple[str, ...]:
    """Return the codes that a construction may have."""
    code = call.args[0] if call.args else None
    if isinstance(code, ast.Constant):
        return (str(code.value),)
    if isinstance(code, ast.IfExp):
        sides = (code.body, code.orelse)
        return tuple(str(side.value) for side in sides if isinstance(side, ast.Constant))
    if isinstance(code, ast.Name) and code.id in constants:
        return (str(constants[code.id]),)
    if place in PASSED_ON or (isinstance(code, ast.Attribute) and code.attr == "code"):
        return ()
    if place not in CHOSEN:
        raise ValueError(f"{place}: name the codes of {ast.unparse(call)[:80]} in CHOSEN")
    return CHOSEN[place]


def _text(node: ast.expr | None) -> str:
    """Return what an expression says, its values as an ellipsis."""
    match node:
        case ast.Constant(value=str() as value):
            return value
        case ast.JoinedStr(values=parts):
            return "".join(_text(part) if isinstance(part, ast.Constant) else "…" for part in parts)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _text(left) + _text(right)
        case ast.IfExp(body=body, orelse=orelse):
            sides = list(filter(None, (_text(body), _text(orelse))))
            return " / ".join(dict.fromkeys(sides))
        case None:
            return ""
        case _:
            return "…"


def _says(places: list[Raised]) -> str:
    """Return the messages of a code, the two longest when there are many."""
    said = [
        text for text in dict.fromkeys(_tidy(place.message) for place in places) if _worth(text)
    ]
    shown = sorted(said, key=len)[-2:]
    return _cell("; ".join(text for text in said if text in shown)) or "the message names it"


def _remedy(code: str, places: list[Raised]) -> str:
    if code in REMEDIES:
        return _cell(REMEDIES[code])
    hints = [text for text in dict.fromkeys(_tidy(place.hint) for place in places) if _worth(text)]
    if not hints and places[0].exit_code == errors.InvalidInputError.exit_code:
        return OF_INVALID_INPUT
    return _cell("; ".join(sorted(hints, key=len)[-2:]))


def _hinted(places: list[Raised]) -> set[str]:
    """Return the codes that say what to do by themselves; invalid input says it in its message."""
    invalid = errors.InvalidInputError.exit_code
    return {p.code for p in places if p.exit_code == invalid or _worth(_tidy(p.hint))}


def _worth(text: str) -> bool:
    return len(re.sub(r"\W", "", text)) > 3


def _tidy(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"(… ?)+", "… ", text)).strip(" ;")


def _cell(text: str) -> str:
    """Return a text as a table's cell shows it: what can be typed as code, the rest as it is."""
    text = text.replace("|", "\\|")
    parts = re.split(r"(`[^`]*`|\bbookra [a-z…][^;,()/]*?(?=[;,()]| / | or |: |\. |\.? *$))", text)
    return "".join(_code(part) if nth % 2 else _prose(part) for nth, part in enumerate(parts))


def _code(text: str) -> str:
    return text if text.startswith("`") else f"`{text}`"


def _prose(text: str) -> str:
    text = re.sub(r"<([^>]*)>", r"\\<\1>", text.replace("*", "\\*"))
    return re.sub(r"… (?=[.,':])", "…", text)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")

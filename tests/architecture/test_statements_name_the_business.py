"""No statement of the program is about everybody's rows but the few that say why."""

from __future__ import annotations

import ast
import pkgutil
from importlib import import_module
from pathlib import Path
from typing import Any

from carrying import ACROSS, Recorder, constants, strays
from factories import Salon
from sqlalchemy import text

import bookra.engine
import bookra.relay

ROOMS = (bookra.engine, bookra.relay)
# What Citus refuses still, in whole or where a policy stands on the table. Each has been looked at
# and works on one server; docs/scale-out.md says so.
NOT_FOR_CITUS = {
    "bookra.engine.outbox.breakers.FAILED",  # the clock, in what is written on conflict
    "bookra.engine.outbox.settling.ARCHIVE",  # moves rows from one table to another
    "bookra.engine.ledger.batch.INSERT_ENTRIES",  # INSERT … SELECT of arrays
    "bookra.engine.ledger.batch.INSERT_TRANSFERS",
    "bookra.engine.prices.items.INSERT",
}
CHANGING = ("now()", "session_user", "clock_timestamp", "random()")


def modules() -> list[str]:
    return [
        found.name
        for room in ROOMS
        for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}.")
    ]


def test_every_statement_names_the_business_or_why_it_does_not() -> None:
    found = {
        name: tables
        for module in modules()
        for name, clause in constants(import_module(module))
        if (tables := strays(clause.text))
    }
    unknown = {name: tables for name, tables in found.items() if name not in ACROSS}
    assert not unknown, "bind :tenant_id, or give the reason in tests/carrying.py"
    assert set(ACROSS) == set(found), "these have a reason that they don't need"


def test_no_statement_is_put_together_in_a_function() -> None:
    """What is said there about a business's table would be seen by no walk over the constants."""
    for package in ROOMS:
        for path in Path(package.__path__[0]).rglob("*.py"):
            code = path.read_text("utf-8")
            for said in said_within(ast.parse(code)) if " text(" in code else ():
                assert not strays(said), f"{path}: {said}"


def said_within(tree: ast.Module) -> list[str]:
    """Return the fixed words of each ``text(…)`` that is called inside a function."""
    return [
        " ".join(words(call))
        for part in tree.body
        if isinstance(part, ast.FunctionDef | ast.ClassDef)
        for call in ast.walk(part)
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "text"
    ]


def words(call: ast.Call) -> list[str]:
    parts = (part for part in ast.walk(call) if isinstance(part, ast.Constant))
    return [part.value for part in parts if isinstance(part.value, str)]


def test_what_is_written_on_conflict_holds_neither_clock_nor_login() -> None:
    """Citus: functions in DO UPDATE SET of distributed tables must be IMMUTABLE."""
    for module in modules():
        for name, clause in constants(import_module(module)):
            _, _, written = clause.text.partition("DO UPDATE")
            moving = [word for word in CHANGING if word in written]
            assert not moving or name in NOT_FOR_CITUS, (name, moving)


def test_the_recorder_hears_who_says_what(salon: Salon, recorder: Recorder) -> None:
    """It stands by in every test of the suite: here it is told what it must not miss."""
    said, heard = "SELECT count(*) FROM customers", recorder.heard
    program: dict[str, Any] = {"__name__": "bookra.engine.invented"}
    exec("def say(tx, words): return tx.rows(words)", program)
    salon.ask(lambda tx: tx.rows(text(said)))
    assert recorder.found == {}
    salon.ask(lambda tx: program["say"](tx, text(said)))
    assert list(recorder.found) == [said]
    recorder.found.clear()
    assert recorder.heard >= heard + 2

"""The shape of the source: which modules stay pure, and that every file can be read."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "bookra"
SOURCES = sorted(PACKAGE.rglob("*.py"))
MAX_LINES = 400

PURE = {
    "money.py",
    "clock.py",
    "errors.py",
    "engine/availability/answers.py",
    "engine/availability/asked.py",
    "engine/availability/away.py",
    "engine/availability/bookable.py",
    "engine/availability/calendars/busy.py",
    "engine/availability/calendars/event.py",
    "engine/availability/calendars/file.py",
    "engine/availability/calendars/rules.py",
    "engine/availability/calendars/series.py",
    "engine/availability/calendars/zones.py",
    "engine/availability/hours.py",
    "engine/availability/ranking.py",
    "engine/availability/slots.py",
    "engine/availability/spans.py",
    "engine/availability/starts.py",
    "engine/availability/visits.py",
    "engine/availability/why.py",
    "engine/availability/window.py",
    "engine/bookings/day.py",
    "engine/bookings/displacement/proposals.py",
    "engine/bookings/feed_text.py",
    "engine/bookings/model.py",
    "engine/bookings/pricing.py",
    "engine/bookings/recurring/recurrence.py",
    "engine/bookings/waitlist/rules.py",
    "engine/bookings/waitlist/windows.py",
    "engine/catalog/model.py",
    "engine/commissions/rules.py",
    "engine/invoices/colours.py",
    "engine/invoices/document.py",
    "engine/invoices/wording.py",
    "engine/ledger/chart.py",
    "engine/ledger/digest.py",
    "engine/ledger/entry.py",
    "engine/ledger/export_text.py",
    "engine/ledger/rules/pay.py",
    "engine/ledger/rules/refunds.py",
    "engine/ledger/rules/sales.py",
    "engine/ledger/rules/stripe.py",
    "engine/ledger/rules/till.py",
    "engine/ledger/rules/value.py",
    "engine/payments/refund_parts.py",
    "engine/orders/model.py",
    "engine/orders/periods.py",
    "engine/payouts/figures.py",
    "engine/payouts/pain001.py",
    "engine/payouts/period.py",
    "engine/payouts/rent.py",
    "engine/prices/policy.py",
    "engine/reports/figures.py",
    "engine/reports/period.py",
    "engine/reports/reconcile_match.py",
    "engine/reports/reconcile_model.py",
    "engine/reports/reconcile_parts.py",
    "engine/reports/reconcile_roll.py",
    "relay/backoff.py",
}
UNCLEAN = {"sqlalchemy", "psycopg", "logging", "structlog", "httpx", "stripe", "subprocess"}
READS_THE_CLOCK = {"now", "today", "utcnow"}


def name_of(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


@cache
def imports_of(path: Path) -> set[str]:
    """Return the names of all modules that a file imports, lazily or not."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found.add(node.module or "")
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def loaded_by(statement: str) -> set[str]:
    """Return the modules that a fresh interpreter holds after a statement."""
    code = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent
    )
    return set(done.stdout.split())


def test_the_list_of_pure_modules_names_files_that_exist() -> None:
    assert {name_of(path) for path in SOURCES} >= PURE


@pytest.mark.parametrize("name", sorted(PURE))
def test_a_pure_module_imports_nothing_that_acts(name: str) -> None:
    roots = {module.partition(".")[0] for module in imports_of(PACKAGE / name)}
    assert not roots & UNCLEAN


@pytest.mark.parametrize("name", sorted(PURE))
def test_a_pure_module_never_reads_the_clock(name: str) -> None:
    calls = [
        node.func.attr
        for node in ast.walk(ast.parse((PACKAGE / name).read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    assert not READS_THE_CLOCK & set(calls)


def test_a_pure_module_imports_only_what_loads_no_driver() -> None:
    modules = ", ".join(
        "bookra." + name.removesuffix(".py").replace("/", ".") for name in sorted(PURE)
    )
    assert not {"sqlalchemy", "psycopg", "stripe", "textual"} & loaded_by(f"import {modules}")


def test_settings_errors_and_money_load_no_database_driver() -> None:
    loaded = loaded_by("import bookra.config, bookra.errors, bookra.money")
    assert "bookra.config" in loaded
    assert not {"sqlalchemy", "psycopg", "stripe", "textual", "alembic", "babel"} & loaded


def test_starting_the_embedded_server_loads_no_database_driver() -> None:
    loaded = loaded_by("import bookra.engine.embedded")
    assert not {"sqlalchemy", "psycopg"} & loaded


def test_the_engine_connects_without_loading_the_migrations_tool() -> None:
    assert not {"alembic", "stripe", "textual", "babel"} & loaded_by("import bookra.bootstrap")


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_module_says_what_it_is_and_fits_on_a_few_screens(path: Path) -> None:
    text = path.read_text("utf-8")
    assert ast.get_docstring(ast.parse(text)), "no docstring"
    assert len(text.splitlines()) <= MAX_LINES


def test_only_the_providers_hold_a_wire_to_the_outside() -> None:
    for path in SOURCES:
        name, roots = name_of(path), {module.partition(".")[0] for module in imports_of(path)}
        if "stripe" in roots:
            assert name.startswith("relay/providers/"), name
        if {"httpx", "requests", "aiohttp"} & roots:
            assert name.startswith(("relay/providers/", "sandbox/")), name


def test_the_engine_and_the_sandbox_know_nothing_of_each_other() -> None:
    for path in SOURCES:
        name, modules = name_of(path), imports_of(path)
        if name.startswith("sandbox/"):
            assert not {m for m in modules if m.startswith(("bookra.engine", "bookra.relay"))}, name
        if name.startswith("engine/"):
            above = ("bookra.sandbox", "bookra.relay", "bookra.commands", "bookra.tui")
            assert not {m for m in modules if m.startswith(above)}, name


def test_the_doors_hold_no_sql_and_no_driver() -> None:
    for path in SOURCES:
        if name_of(path).startswith(("commands/", "tui/")):
            roots = {module.partition(".")[0] for module in imports_of(path)}
            assert not {"sqlalchemy", "psycopg", "stripe", "httpx", "apscheduler"} & roots, path

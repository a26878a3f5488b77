"""The money at the double of the desk: figures that stand still, and a drawer that can be kept."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from demo_day import NOW, TODAY, at, gbp
from double_base import WRITES, Double

from bookra.errors import NotFoundError
from bookra.money import Money
from bookra.tui.desk import Done
from bookra.tui.desk.money import Period
from bookra.tui.desk.money_values import (
    BankPayout,
    Bar,
    Branch,
    DayEnd,
    Drawer,
    DrawerEvent,
    EntryLine,
    Explained,
    Method,
    Owing,
    PayRun,
    Proof,
    Share,
    Sold,
    Stored,
    Takings,
    Tender,
)

WRITES |= {"open_drawer", "count_drawer", "close_drawer", "prove"}

PEOPLE = (("ana", "Ana Castillo"), ("noor", "Noor Haddad"), ("tess", "Tess 山田花子"))
ENTRY = "0192f4c1-0000-7000-8000-00000000000{}"


class MoneyDouble(Double):
    """Takings that follow from the day's number alone; a drawer in memory."""

    kept_drawer: Drawer | None = None
    last_proof = Proof(
        "done", "41 balance transactions agree", at(3, 15), at(3, 15) + timedelta(days=1)
    )

    def takings(self, period: Period) -> Takings:
        self._asked("takings", period)
        nets = _nets(period.first, period.last)
        monday = period.first - timedelta(days=period.first.weekday())
        drawn = _nets(monday, monday + timedelta(days=6)) if len(nets) == 1 else nets
        net = sum(nets.values())
        manages = self.look.may("manager")
        return Takings(
            period.first, period.last, len(nets) * 9, gbp(net), gbp(net // 5), gbp(net // 20),
            gbp(1500), gbp(1250), gbp(net + net // 4), gbp(23000), 3,
            tuple(Bar(day, gbp(value)) for day, value in drawn.items()),
            tuple(_share(n, net, period) for n in range(3)) if net else (),
            tuple(
                Method(name, gbp(net * part // 10))
                for name, part in (("card", 6), ("cash", 3), ("terminal", 1))
                if net
            ),
            gbp(net // 30) if manages else None,
            gbp(net * 2 // 5) if manages else None,
        )  # fmt: skip

    def entries_behind(self, period: Period, staff: str) -> list[EntryLine]:
        self._asked("entries_behind", period, staff)
        return self._entries()[:2]

    def ledger_entries(self) -> list[EntryLine]:
        self._asked("ledger_entries")
        return self._entries()

    def explained(self, name: str) -> Explained:
        self._asked("explained", name)
        if name.startswith("nothing"):
            raise NotFoundError("nothing_named", f"Nothing here is called '{name}'")
        return Explained(
            name,
            "entry",
            (
                Branch(0, "Booking"),
                Branch(1, "LUN-7F3K", (("", "completed"), ("starts", at(10))), name="LUN-7F3K"),
                Branch(0, "Entries"),
                Branch(1, "Cash payment", (("", at(11, 5)),), marked=True, name=name),
                Branch(2, "assets:cash:drawer", (), gbp(5400)),
                Branch(2, "income:services", (("", "cut-&-finish"), ("", "ana")), gbp(-4500)),
                Branch(2, "liabilities:tax:20", (), gbp(-900)),
            ),
        )

    def drawer(self) -> Drawer | None:
        self._asked("drawer")
        return self.kept_drawer

    def open_drawer(self, cash: Money) -> Done:
        self._asked("open_drawer", cash)
        self._refuse_write()
        events = (DrawerEvent(NOW, "open", cash, "", "ana", ENTRY.format(1)),)
        self.kept_drawer = Drawer(NOW, cash, cash + gbp(5400), events=events)
        return Done("drawer", f"bookra drawer open --float {cash.minor / 100:.2f}")

    def count_drawer(self, cash: Money) -> Done:
        self._asked("count_drawer", cash)
        self._refuse_write()
        return Done("drawer", f"bookra drawer count {cash.minor / 100:.2f}")

    def close_drawer(self, cash: Money, left: Money | None) -> Done:
        self._asked("close_drawer", cash, left)
        self._refuse_write()
        was = self.kept_drawer
        assert was is not None
        self.kept_drawer = Drawer(
            was.opened_at, was.opened_with, was.expected, NOW, cash, cash - was.expected,
            left or cash, was.events,
        )  # fmt: skip
        return Done("drawer", f"bookra drawer close --counted {cash.minor / 100:.2f}")

    def day_end(self, day: date) -> DayEnd:
        self._asked("day_end", day)
        if day > TODAY:
            return DayEnd(day, (Sold("total", 0, *[gbp(0)] * 3),), gbp(0), (), (), (), ())
        return DayEnd(
            day,
            (
                Sold("card", 6, gbp(27000), gbp(5400), gbp(1350)),
                Sold("cash", 3, gbp(13500), gbp(2700), gbp(0)),
                Sold("total", 9, gbp(40500), gbp(8100), gbp(1350)),
            ),
            gbp(1250),
            (
                Tender("card", gbp(33750), gbp(1250), gbp(32500)),
                Tender("cash", gbp(16200), gbp(0), gbp(16200)),
            ),
            (Stored("Deposits", gbp(4000), gbp(2000), gbp(500), gbp(0)),),
            (Drawer(at(9), gbp(10000), gbp(26200)),),
            (Owing("LUN-7F3K", "Rosa Vega", "Cut & finish", "Ana", gbp(5400), here=True),),
        )

    def save_day_end(self, day: date, path: Path, text: str) -> Done:
        self._asked("save_day_end", day, path, text)
        return Done(day.isoformat(), f"bookra report close-of-day {day}")

    def bank_payouts(self) -> list[BankPayout]:
        self._asked("bank_payouts")
        return [
            BankPayout("po_1Q8x", gbp(84210), "in_transit", TODAY + timedelta(1), 14, False, ""),
            BankPayout("po_1Q7c", gbp(102330), "paid", TODAY - timedelta(2), 17, True, ""),
            BankPayout("po_1Q6a", gbp(4400), "failed", None, 2, False, "account_closed"),
        ]

    def proof(self) -> Proof:
        self._asked("proof")
        return self.last_proof

    def prove(self) -> Done:
        self._asked("prove")
        self._refuse_write()
        self.last_proof = Proof("found", "balance: bookra reconcile stripe", NOW, at(3, 15))
        return Done("nightly-reconcile", "bookra schedule run nightly-reconcile")

    def pay_runs(self) -> list[PayRun]:
        self._asked("pay_runs")
        return [
            PayRun("2026-11", "Ana Castillo", gbp(84000), gbp(4200), gbp(-1000), gbp(0), gbp(0),
                   gbp(87200), "draft"),
            PayRun("2026-10", "Noor Haddad", gbp(91000), gbp(3900), gbp(0), gbp(-20000), gbp(500),
                   gbp(75400), "paid", at(9), "bank"),
        ]  # fmt: skip

    @staticmethod
    def _entries() -> list[EntryLine]:
        return [
            EntryLine(ENTRY.format(1), at(11, 5), "cash_payment", gbp(5400), "LUN-7F3K", ""),
            EntryLine(ENTRY.format(2), at(10, 40), "card_payment", gbp(12000), "LUN-2MPQ", ""),
            EntryLine(ENTRY.format(3), at(9), "drawer_bank", gbp(10000), "", "Change for the day"),
        ]


def _nets(first: date, last: date) -> dict[date, int]:
    """Return what each day brought in pence: Sundays and days to come nothing."""
    days = [first + timedelta(n) for n in range((last - first).days + 1)]
    return {
        day: 0 if day.weekday() == 6 or day > TODAY else 30000 + day.day * 733 % 29000
        for day in days
    }


def _share(number: int, net: int, period: Period) -> Share:
    slug, name = PEOPLE[number]
    trend = (3, 5 * number, 8, 2, 0, 9)[: {"day": 0, "week": 6, "month": 4}[period.step]]
    return Share(slug, name, 4 - number, gbp(net // (number + 2)), gbp(net // 40), trend)

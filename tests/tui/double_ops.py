"""Operations at the double of the desk: one destination parked, one that rests, rows that wait."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from demo_day import LUNA, NOW
from double_base import WRITES, Double

from bookra.errors import ConflictError
from bookra.tui.desk import Brand, Done
from bookra.tui.desk.ops import DestinationLine, EventLine, JobLine, Letter, Ops, RelayLine

WRITES |= {"retry_letter", "discard_letter", "resume", "retry_event"}

DEAD = "0192f4c1-0000-7000-8000-0000000000d1"
UNKNOWN = "0192f4c1-0000-7000-8000-0000000000d2"
TRIED = "0192f4c1-0000-7000-8000-0000000000d3"


def _letter(id_: str, topic: str, where: str, state: str, error: str, kind: str) -> Letter:
    return Letter(
        id_, topic, where, "LUN-7F3K", state, 5, 1, 1, NOW + timedelta(seconds=40),
        NOW - timedelta(hours=2), error, kind,
    )  # fmt: skip


class OpsDouble(Double):
    """Answers how everything stands; rows that are mended are gone."""

    relays_alive = True

    def __init__(self, brand: Brand = LUNA) -> None:
        super().__init__(brand)
        self.letters = {
            DEAD: _letter(
                DEAD, "payment.request", "stripe", "dead", "resource_missing", "permanent"
            ),
            UNKNOWN: _letter(UNKNOWN, "message.send", "whatsapp", "unknown", "timeout", "unknown"),
            TRIED: _letter(TRIED, "calendar.write", "google", "ready", "503", "transient"),
        }
        self.stuck_events = {
            "evt_1Q8": EventLine(
                "evt_1Q8", "charge.refunded", "ch_1Q8", "failed", "webhook", 4,
                NOW - timedelta(minutes=9), "unknown_charge",
            )
        }  # fmt: skip
        self.breakers: dict[str, tuple[str, datetime | None, str]] = {
            "google": ("open", NOW + timedelta(minutes=2), "503"),
            "whatsapp": ("parked", None, "190"),
        }

    def ops(self) -> Ops:
        self._asked("ops")
        relays = (
            RelayLine("desk-1:4711", "0.4.0", NOW - timedelta(hours=3), 1.2, True, True),
            RelayLine("desk-2:815", "0.4.0", NOW - timedelta(hours=2), 320.0, False, False),
        )
        return Ops(
            relays if self.relays_alive else (),
            (
                JobLine(
                    "nightly-reconcile", "done", "41 balance transactions agree",
                    NOW - timedelta(hours=8), NOW + timedelta(hours=16), schedule=True,
                ),
                JobLine(
                    "nightly-verify", "found", "2 problems: bookra ledger verify",
                    NOW - timedelta(hours=8), NOW + timedelta(hours=16), schedule=True,
                ),
                JobLine("drain", "done", "3 done", NOW, NOW + timedelta(seconds=1), 91, 2),
            ),
            tuple(self._destination(name) for name in ("stripe", "google", "whatsapp", "local")),
            tuple(self.letters.values()),
            tuple(self.stuck_events.values()),
            412,
        )  # fmt: skip

    def retry_letter(self, letter: str) -> Done:
        self._asked("retry_letter", letter)
        self._refuse_write()
        self._take(letter)
        return Done(letter, f"bookra outbox retry {letter}")

    def discard_letter(self, letter: str) -> Done:
        self._asked("discard_letter", letter)
        self._refuse_write()
        self._take(letter)
        return Done(letter, f"bookra outbox discard {letter}")

    def resume(self, destination: str) -> Done:
        self._asked("resume", destination)
        self._refuse_write()
        del self.breakers[destination]
        return Done(destination, f"bookra outbox resume {destination}")

    def retry_event(self, ref: str) -> Done:
        self._asked("retry_event", ref)
        self._refuse_write()
        del self.stuck_events[ref]
        return Done(ref, f"bookra inbox retry {ref}")

    def _take(self, letter: str) -> None:
        if letter not in self.letters:
            raise ConflictError("not_retriable", "The row is delivered: there is nothing to do")
        del self.letters[letter]

    def _destination(self, name: str) -> DestinationLine:
        mine = [one for one in self.letters.values() if one.destination == name]
        line = DestinationLine(
            name, "" if name == "local" else "active", "", name != "local", 2, 1, 0,
            sum(one.state == "unknown" for one in mine),
            sum(one.state == "dead" for one in mine), 12.0 if name == "google" else 0.0,
        )  # fmt: skip
        if name not in self.breakers:
            return line
        state, until, why = self.breakers[name]
        refused = "refused" if state == "parked" else "active"
        return replace(line, account=refused, account_why=why, breaker=state, until=until, why=why)

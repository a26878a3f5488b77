"""The signs of the front desk: a glyph and a word for every state, in Unicode and in ASCII.

A state is never told by colour alone. The Unicode set keeps to characters that common terminal
fonts have and that take one cell; the ASCII set is for terminals that have neither.
"""

from __future__ import annotations

from dataclasses import dataclass

WORDS = {
    "held": "Held, not paid",
    "confirmed": "Confirmed",
    "checked_in": "Checked in",
    "in_service": "In service",
    "completed": "Done",
    "no_show": "No-show",
    "cancelled": "Cancelled",
    "late_cancelled": "Cancelled late",
    "displaced": "Needs a new time",
    "class": "Class",
    "expired": "Hold expired",
}
"""What each booking state is called."""

DONE = frozenset({"completed", "no_show", "cancelled", "late_cancelled", "expired"})
"""States in which nothing is left to do: drawn dim."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One character for each sign, all one cell wide. ``now`` is the line's three heights."""

    states: dict[str, str]
    unknown: str
    bar: str
    bar_chosen: str
    bar_held: str
    rule: str
    shut: str
    rest: str
    gap: str
    hour: str
    now: str
    now_mark: str
    load: str
    ellipsis: str
    arrow: str
    live: str
    stale: str
    lock: str
    left: str
    right: str
    head_rule: str
    again: str
    dash: str
    enter: str
    divider: str
    up_down: str
    times: str

    def state(self, status: str) -> str:
        """Return the glyph of a booking state."""
        return self.states.get(status, self.unknown)


def word(status: str) -> str:
    """Return a booking state in words."""
    return WORDS.get(status, status.replace("_", " ").capitalize())


UNICODE = Glyphs(
    states={
        "held": "◇",
        "confirmed": "●",
        "checked_in": "◆",
        "in_service": "▶",
        "completed": "✓",
        "no_show": "✗",
        "cancelled": "×",
        "late_cancelled": "×",
        "displaced": "!",
        "class": "◎",
        "expired": "○",
    },
    unknown="?",
    bar="▌",
    bar_chosen="█",
    bar_held="┆",
    rule="│",
    shut="╱",
    rest="·",
    gap="░",
    hour="╌",
    now="▔─▁",
    now_mark="▶",
    load="▏▎▍▌▋▊▉█",
    ellipsis="…",
    arrow="→",
    live="●",
    stale="▲",
    lock="■",
    left="◂",
    right="▸",
    head_rule="─",
    again="²",
    dash="–",
    enter="⏎",
    divider="·",
    up_down="↑↓",
    times="×",
)

ASCII = Glyphs(
    states={
        "held": "?",
        "confirmed": "o",
        "checked_in": "@",
        "in_service": ">",
        "completed": "*",
        "no_show": "x",
        "cancelled": "-",
        "late_cancelled": "-",
        "displaced": "!",
        "class": "%",
        "expired": "_",
    },
    unknown="?",
    bar="|",
    bar_chosen="#",
    bar_held=":",
    rule="|",
    shut="/",
    rest=".",
    gap="%",
    hour="-",
    now="===",
    now_mark=">",
    load="#",
    ellipsis="~",
    arrow=">",
    live="*",
    stale="!",
    lock="#",
    left="<",
    right=">",
    head_rule="-",
    again="'",
    dash="-",
    enter="Enter",
    divider="-",
    up_down="Up/Dn",
    times="x",
)

"""Operations in words: how old something is, what holds a destination back, what to do. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from textual.content import Content

from bookra.tui.describe import MUTED, Part, line, lines
from bookra.tui.desk.ops import DestinationLine, EventLine, JobLine, Letter, Ops, RelayLine
from bookra.tui.look import Look
from bookra.tui.screens.money_text import moment
from bookra.tui.text import clean

Facts = list[tuple[str, str]]

NAMES = {
    "stripe": "Stripe",
    "google": "Google Calendar",
    "whatsapp": "WhatsApp",
    "mail": "E-mail",
    "local": "Here",
}
"""What destinations are called; ``local`` is work that calls nobody."""
STATES = {
    "dead": ("no_show", "bold $text-error"),
    "unknown": ("displaced", "bold $text-warning"),
    "ready": ("held", "$text-muted"),
    "failed": ("displaced", "bold $text-warning"),
    "found": ("displaced", "bold $text-warning"),
    "open": ("held", "$text-muted"),
    "done": ("completed", "$text-success"),
    "running": ("in_service", "$text-accent"),
    "never": ("expired", "$text-muted"),
}
"""The glyph and the colour of each state of a row, an event or a job."""
WORDS = {"ready": "tried again", "never": "not yet"}


def state(look: Look, name: str) -> tuple[str, str]:
    """Return a state as a list shows it: glyph, word and colour."""
    glyph, style = STATES.get(name, ("", ""))
    return f"{look.glyphs.state(glyph)} {WORDS.get(name, name)}", style


def age(seconds: float) -> str:
    """Return how long something takes or has waited, in its largest unit."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s" if seconds >= 1 else ""


def since(now: datetime, at: datetime | None) -> str:
    """Return how long ago something was, or until when it is."""
    if at is None:
        return ""
    seconds = (now - at).total_seconds()
    span = age(abs(seconds))
    return (f"in {span}" if seconds < 0 else span) if span else "now"


def health(look: Look, ops: Ops, width: int) -> Content:
    """Return whether what is written goes out: in one line, or two where ``width`` cuts it."""
    leads = next((relay.name for relay in ops.relays if relay.leads and relay.alive), "")
    pending = sum(one.ready + one.waiting + one.in_flight for one in ops.destinations)
    oldest = max((one.oldest_seconds for one in ops.destinations), default=0.0)
    if ops.alive:
        plural = "s" * (ops.alive > 1)
        head: Part = (f" {look.glyphs.live} {ops.alive} relay{plural} alive", "bold $text-success")
    else:
        head = (f" {look.glyphs.stale} No relay is alive", "bold $text-error")
    led = f"{clean(leads)} leads" if leads else "nobody leads"
    waits = f"{pending} on their way" if pending else "nothing is on its way"
    behind = f"oldest {age(oldest)}" if oldest >= 1 else ""
    remedy = "" if ops.alive else "start one: bookra relay run"
    first, rest = led if ops.alive else remedy, (waits, behind, f"{ops.delivered} delivered")
    whole = line(head, (look.also(first, *rest), MUTED))
    if whole.cell_length <= width:
        return whole
    return lines([line(head, (look.also(first), MUTED)), line((f"   {look.joined(*rest)}", MUTED))])


def breaker(look: Look, one: DestinationLine) -> tuple[str, str]:
    """Return a destination's breaker as a list shows it."""
    if not one.held_back:
        return "", ""
    until = f" until {look.time(one.until)}" if one.until else ""
    grave = one.breaker in ("parked", "held")
    style = "bold $text-error" if grave else "bold $text-warning"
    return f"{look.glyphs.state('displaced')} {one.breaker}{until}", style


def account(one: DestinationLine) -> tuple[str, str]:
    """Return the account at a destination as a list shows it."""
    if not one.account:
        return ("" if one.name == "local" else "none"), MUTED
    style = "" if one.account == "active" else "bold $text-warning"
    return one.account + (" (sandbox)" if one.sandbox else ""), style


def destination(look: Look, one: DestinationLine, slug: str) -> Content:
    """Return what there is to say about a destination, and the way out where there is trouble."""
    name = NAMES.get(one.name, one.name)
    whose = f" --tenant {slug}" if slug else ""
    parts = [line((name, "bold"))]
    if one.breaker == "parked":
        parts += [
            line(("Nothing goes there: its access was refused", "bold $text-error")),
            _why(one.why),
            _remedy(f"bookra tenant provider set {one.name}{whose}", "and then", "o"),
        ]
    elif one.breaker == "held":
        parts += [
            line(("Held since a restore: what waits may have been delivered", "bold $text-error")),
            _remedy(f"bookra outbox reconcile{whose}", "", ""),
        ]
    elif one.held_back:
        until = f" until {look.time(one.until)}" if one.until else ""
        said = f"It failed several times in a row, and rests{until}; then one row is tried"
        parts += [
            line((said, "bold $text-warning")),
            _why(one.why),
            _remedy("", "Now:", look.key("ops.resume")),
        ]
    if one.breaker != "parked" and one.account not in ("", "active"):
        parts += [
            line((f"The account is {one.account}", "bold $text-warning")),
            _why(one.account_why),
        ]
    if one.dead or one.unknown:
        count = one.dead + one.unknown
        stuck = f"{count} wait{'s' * (count == 1)} for somebody: "
        parts += [
            line(stuck, (look.key("ops.letters"), "bold $text-accent"), (" shows them", MUTED))
        ]
    if len(parts) == 1:
        ease = "Nothing is held back" if one.account or one.name == "local" else _UNSET
        parts += [line((ease, MUTED))]
    return lines([part for part in parts if part.plain])


_UNSET = "No account is set: nothing goes there"


def _why(code: str) -> Content:
    return line(("Why: ", MUTED), clean(code)) if code else line()


def _remedy(command: str, then: str, key: str) -> Content:
    given: list[Part] = [(command, "$text-accent"), " "] if command else []
    parts: list[Part] = [*given, (f"{then} ", MUTED), (key, "bold $text-accent")]
    return line(*parts, (" delivers again", MUTED))


def letter(look: Look, one: Letter) -> Facts:
    """Return all of an effect that is stuck."""
    return [
        ("Effect", one.topic),
        ("Where to", NAMES.get(one.destination, one.destination)),
        ("Of", one.subject),
        ("State", one.state),
        ("Error", clean(one.error)),
        ("Kind", one.error_class.replace("_", " ")),
        ("Tried", f"{one.attempts} times" + (f", {one.rescues} rescued" * bool(one.rescues))),
        ("Generation", str(one.generation)),
        ("Written", moment(look, one.created_at)),
        ("Due", moment(look, one.due_at)),
        ("Row", one.id),
    ]


def event(look: Look, one: EventLine) -> Facts:
    """Return all of an event that is not handled."""
    return [
        ("Event", one.ref),
        ("What", one.kind),
        ("About", one.subject),
        ("State", one.state),
        ("Error", clean(one.error)),
        ("Tried", f"{one.attempts} times"),
        ("Came by", one.via),
        ("Received", moment(look, one.received_at)),
    ]


def job(look: Look, one: JobLine) -> Facts:
    """Return all of a job."""
    facts = [
        ("Job", one.name),
        ("What", "a schedule of the business" if one.schedule else "the relay's own"),
        ("State", one.state),
        ("Outcome", clean(one.outcome)),
        ("Last", moment(look, one.last_at) if one.last_at else "not yet"),
        ("Next", moment(look, one.next_at) if one.next_at else ""),
    ]
    counted = [("Runs", str(one.runs)), ("Failures", str(one.failures))]
    run = [("Now", f"bookra schedule run {one.name}")]
    return facts + (run if one.schedule else counted)


def relay(look: Look, one: RelayLine) -> Facts:
    """Return all of a relay."""
    return [
        ("Relay", clean(one.name)),
        ("State", "alive" if one.alive else "gone"),
        ("Leads", "yes" if one.leads else "no"),
        ("Version", one.version),
        ("Started", moment(look, one.started_at)),
        ("Last seen", f"{one.seconds_ago:.0f} s ago"),
    ]


def listed(facts: Sequence[tuple[str, str]]) -> Content:
    """Return facts with their names in a column; empty ones are left out."""
    return lines([line((f"{name:<12}", MUTED), text) for name, text in facts if text])

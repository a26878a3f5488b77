"""``bookra relay``: run the daemon, drain once, or ask how it is."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bookra.commands import output, relay_status
from bookra.commands.options import group
from bookra.commands.session import current
from bookra.errors import UsageError

app = group("The relay: run it, drain it once, ask how it is.")

OTHERS = 12
"""Connections for ticks, leases, polls and schedules."""

Lease = Annotated[
    float, typer.Option("--lease", help="Seconds until another relay takes a row over.", min=1)
]
Workers = Annotated[int, typer.Option(help="Deliveries at once.", min=1, max=64)]


@app.command()
def run(
    lease: Lease = 60.0,
    poll: Annotated[float, typer.Option(help="Seconds between polls of Stripe.", min=0.1)] = 2.0,
    workers: Workers = 8,
    once: Annotated[bool, typer.Option("--once", help="Work until idle, then end.")] = False,
    webhooks: Annotated[
        str | None, typer.Option(help="Receive webhooks on HOST:PORT, behind a proxy with TLS.")
    ] = None,
    metrics: Annotated[
        str | None, typer.Option(help="Serve /metrics, /live and /ready on HOST:PORT.")
    ] = None,
    grace: Annotated[
        float, typer.Option(help="Seconds to finish what is in flight when told to end.", min=0)
    ] = 25.0,
    no_listen: Annotated[
        bool, typer.Option("--no-listen", help="Poll only, as behind a transaction pooler.")
    ] = False,
    log_level: Annotated[
        str | None, typer.Option(help="debug, info, warning, error or off (BOOKRA_LOG).")
    ] = None,
) -> None:
    """Run the relay until SIGTERM or Ctrl-C: it delivers, polls, and runs what is scheduled.

    Told to end, it claims nothing more and finishes what it can within --grace; a second signal
    ends it at once. Several relays share the work, and one of them leads.

    Examples:

      bookra relay run
      bookra relay run --once        (for cron)
      bookra relay run --webhooks 127.0.0.1:8787 --metrics 127.0.0.1:9464
    """
    if log_level is not None:
        _log_from(log_level)
    if once:
        drain(lease=lease, workers=workers)
        return
    from bookra.relay.daemon import RelayOptions

    options = RelayOptions(
        lease_seconds=lease,
        poll_seconds=poll,
        workers=workers,
        grace_seconds=grace,
        webhooks=webhooks,
        metrics=metrics,
        listen=not no_listen,
    )
    _relay(options).run()


@app.command()
def drain(lease: Lease = 60.0, workers: Workers = 8) -> None:
    """Do all that a relay does until nothing is due: poll, plan, deliver, run what is scheduled.

    Examples:

      bookra relay drain
    """
    from bookra.relay.daemon import RelayOptions

    relay = _relay(RelayOptions(lease_seconds=lease, workers=workers))
    try:
        worked = relay.drain_until_idle()
    finally:
        relay.close()
    output.record({"worked": worked})


app.command()(relay_status.status)


def _relay(options: Any) -> Any:
    from bookra.bootstrap import open_engine
    from bookra.relay.daemon import Relay

    session = current()
    # Every worker may hold a connection; what else a relay does waits its turn for the others.
    servers = bool(options.webhooks) * 4 + bool(options.metrics)
    engine = open_engine(session.settings, size=options.workers + OTHERS + servers)
    session.adopt(engine)
    return Relay(engine, session.settings, options)


def _log_from(level: str) -> None:
    """Write only what is at least ``level``; raises UsageError for another word."""
    from bookra.relay.log import ORDER, set_level

    if not set_level(level):
        raise UsageError("usage", f"'{level}' is no level", hint=f"Use {', '.join(ORDER)}")

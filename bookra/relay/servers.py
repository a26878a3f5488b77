"""What a relay listens with, as it was asked to: the receiver of webhooks, metrics and health."""

from __future__ import annotations

from bookra.engine.runtime import Engine
from bookra.relay.access import Clients
from bookra.relay.health import Health
from bookra.relay.options import RelayOptions
from bookra.relay.webhooks.receiver import Poked, Receiver


class Servers:
    """The servers of one relay, started and stopped together.

    Raises InvalidInputError (``bad_address``) when it is made, UnavailableError (``port_taken``)
    when it is started; then none of them listens.
    """

    def __init__(
        self, engine: Engine, clients: Clients, inbound: Poked, options: RelayOptions
    ) -> None:
        self._all: list[Receiver | Health] = []
        if options.metrics is not None:
            self._all.append(Health(engine, options.metrics))
        if options.webhooks is not None:
            self._all.append(Receiver(engine, clients, inbound, options.webhooks))

    def start(self) -> None:
        """Listen on each address."""
        try:
            for server in self._all:
                server.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Answer what was begun, then listen no more."""
        for server in self._all:
            server.stop()

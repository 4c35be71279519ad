"""The tests' hands on Postgres: a connection of the tables' owner."""

from __future__ import annotations

from datetime import timedelta

import psycopg

from core.ids import EventId, InstallId, WorkerId
from tests.contract.hands import Hands


class PostgresHands(Hands):
    def __init__(self, owner: psycopg.Connection[tuple[object, ...]]) -> None:
        self._owner = owner

    async def expire_lease(self, worker: WorkerId) -> None:
        self._owner.execute(
            "UPDATE workers SET lease_until = now() - interval '1 second' WHERE worker_id = %s", [worker]
        )

    async def expire_dedupe(self) -> None:
        self._owner.execute("UPDATE dedupe SET expires_at = now() - interval '1 second'")

    async def expire_idempotency(self) -> None:
        self._owner.execute("UPDATE idempotency_keys SET expires_at = now() - interval '1 second'")

    async def remove_event(self, event_id: EventId) -> None:
        self._owner.execute("DELETE FROM events WHERE event_id = %s", [event_id])

    async def forget_intake(self, event_id: EventId) -> None:
        self._owner.execute(
            "WITH gone AS (DELETE FROM dedupe WHERE event_id = %s RETURNING store_id, origin) "
            "INSERT INTO intake (store_id, origin, accepted) SELECT store_id, origin, -1 FROM gone",
            [event_id],
        )

    async def swap_tokens(self, left: InstallId, right: InstallId) -> None:
        """Sealed tokens and data key of each under the other's name, as a careless restore would leave them."""
        for table, columns in (("tokens", "sealed, generation"), ("data_keys", "key_id, wrapped")):
            names = [name.strip() for name in columns.split(",")]
            moved = ", ".join(f"{name} = other.{name}" for name in names)
            self._owner.execute(
                f"UPDATE {table} t SET {moved} FROM {table} other "
                "WHERE (t.install_id, other.install_id) IN ((%(l)s, %(r)s), (%(r)s, %(l)s))",
                {"l": left, "r": right},
            )

    async def spoil_tokens(self, install_id: InstallId) -> None:
        changed = "set_byte(sealed, 40, get_byte(sealed, 40) # 1)"
        self._owner.execute(f"UPDATE tokens SET sealed = {changed} WHERE install_id = %s", [install_id])

    async def effects(self) -> list[str]:
        return [str(row[0]) for row in self._owner.execute("SELECT note FROM effects ORDER BY note")]

    async def make_backfills_due(self) -> None:
        self._owner.execute("UPDATE backfills SET due_at = now() - interval '1 second'")

    async def age(self, event_id: EventId, by: timedelta) -> None:
        self._owner.execute(
            "UPDATE events SET received_at = received_at - %(by)s, settled_at = settled_at - %(by)s "
            "WHERE event_id = %(id)s",
            {"id": event_id, "by": by},
        )
        self._owner.execute("UPDATE dedupe SET expires_at = expires_at - %s WHERE event_id = %s", [by, event_id])

    async def let_time_pass(self, by: timedelta) -> None:
        for table, columns in (
            ("installs", ["installed_at"]),
            ("gaps", ["opened_at"]),
            ("reconciliations", ["requested_at", "due_at", "started_at", "finished_at"]),
            ("webhook_checks", ["due_at", "checked_at", "complete_at"]),
        ):
            moved = ", ".join(f"{column} = {column} - %(by)s" for column in columns)
            self._owner.execute(f"UPDATE {table} SET {moved}", {"by": by})

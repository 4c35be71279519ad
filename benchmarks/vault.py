"""Stores in the vault, with sealed tokens of real size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import psycopg

from adapters.postgres.sealed_tokens import Place, seal_tokens
from adapters.sealing.fernet import FernetSealer
from core.domain.secret import Secret
from core.domain.tokens import Tokens
from core.ids import Generation, InstallId, StoreId

Owner = psycopg.Connection[tuple[object, ...]]
LENGTHS = {"authorization": 540, "manager_token": 200, "refresh_token": 700}
COLUMNS = {
    "stores": "store_id, title, install_id, epoch, state",
    "installs": "install_id, store_id, epoch, state",
    "data_keys": "install_id, store_id, key_id, wrapped",
    "tokens": "install_id, store_id, generation, sealed, expires_at",
    "refresh_due": "install_id, store_id, due_at",
}


def given_tokens(store_id: int) -> dict[str, str]:
    """The same in every process."""
    draw = Random(store_id)
    return {name: f"{name}-{store_id}-{draw.randbytes(length).hex()}" for name, length in LENGTHS.items()}


def fill(owner: Owner, stores: int, key: Secret) -> None:
    """Stores as they are on the day their tokens become due; an install has its store's number."""
    for first in range(1, stores + 1, 10_000):
        some = list(_stores(range(first, min(first + 10_000, stores + 1)), FernetSealer((key,))))
        for table, columns in COLUMNS.items():
            with owner.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN".encode()) as copy:
                for store in some:
                    copy.write_row(store[table])
    owner.execute("VACUUM ANALYZE stores, installs, data_keys, tokens, refresh_due")


def _stores(numbers: range, sealer: FernetSealer) -> Iterator[dict[str, Sequence[object]]]:
    now = datetime.now(UTC)
    expires_at = now + timedelta(days=73)
    for number in numbers:
        key = sealer.new_data_key()
        secrets = {name: Secret(value) for name, value in given_tokens(number).items()}
        place = Place(StoreId(number), InstallId(number), Generation(1))
        sealed = seal_tokens(sealer, key, place, Tokens(**secrets, expires_at=expires_at))
        yield {
            "stores": (number, "a store", number, 1, "active"),
            "installs": (number, number, 1, "active"),
            "data_keys": (number, number, key.key_id, key.wrapped),
            "tokens": (number, number, 1, sealed, expires_at),
            "refresh_due": (number, number, now),
        }

"""Which faults of the database are waited out: deliveries go to the spool then, and work is given back."""

import asyncpg
import pytest

from adapters.postgres.connection import driver_errors
from core.errors import Unavailable


@pytest.mark.parametrize(
    "fault",
    [
        asyncpg.DiskFullError("could not extend file: No space left on device"),
        asyncpg.TooManyConnectionsError("sorry, too many clients already"),
        asyncpg.ReadOnlySQLTransactionError("cannot execute INSERT in a read-only transaction"),
        asyncpg.AdminShutdownError("terminating connection due to administrator command"),
        asyncpg.CannotConnectNowError("the database system is starting up"),
        ConnectionResetError("connection reset by peer"),
        TimeoutError(),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_a_fault_of_the_server_or_the_way_to_it_is_unavailable(fault: Exception) -> None:
    with pytest.raises(Unavailable), driver_errors():
        raise fault


def test_a_fault_of_ours_is_not() -> None:
    with pytest.raises(asyncpg.UndefinedTableError), driver_errors():
        raise asyncpg.UndefinedTableError("relation does not exist")

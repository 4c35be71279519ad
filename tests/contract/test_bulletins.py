"""The board shows what was counted last, whoever counted it."""

from datetime import UTC, datetime, timedelta

from core.ports.bulletins import Bulletin
from tests.contract.worlds import LedgerWorld

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


async def test_an_empty_board_says_nothing(world: LedgerWorld) -> None:
    assert await world.bulletins.read() == {}


async def test_each_name_holds_the_newest(world: LedgerWorld) -> None:
    first, second = Bulletin("1", NOON), Bulletin("2", NOON + timedelta(seconds=1))
    await world.bulletins.post("ledger", first)
    await world.bulletins.post("stores", first)
    await world.bulletins.post("ledger", second)
    assert await world.bulletins.read() == {"ledger": second, "stores": first}


async def test_who_is_late_does_not_replace_what_is_newer(world: LedgerWorld) -> None:
    newer = Bulletin("متجر", NOON)
    await world.bulletins.post("ledger", newer)
    await world.bulletins.post("ledger", Bulletin("old", NOON - timedelta(minutes=1)))
    assert await world.bulletins.read() == {"ledger": newer}

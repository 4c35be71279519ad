"""What the life of a store promises."""

from datetime import timedelta

from core.domain.gaps import Gap
from core.domain.store_life import FAMILIES, LifeMoment, LifePlace, life_page
from core.ids import InstallId
from tests.contract.scenes import audit, install
from tests.contract.worlds import OTHER_STORE, STORE, LedgerWorld


def gap(world: LedgerWorld, topic: str) -> Gap:
    now = world.now()
    return Gap(STORE, InstallId(1), topic, now - timedelta(minutes=1), now, "answered 429")


async def actions(world: LedgerWorld, before: int | None = None, limit: int = 50) -> list[str]:
    return [record.entry.action for record in await world.life.entries(STORE, before=before, limit=limit)]


async def test_only_what_is_of_its_life_is_told_newest_first(world: LedgerWorld) -> None:
    for family in FAMILIES:
        await world.trail.note(audit(f"{family}.changed"))
        await world.trail.note(audit("zid.update_order"))
        await world.trail.note(audit(f"{family}.elsewhere", OTHER_STORE))
    await world.trail.note(audit("customer.exported"))
    await world.trail.note(audit("installs.no_family"))
    assert await actions(world) == [f"{family}.changed" for family in reversed(FAMILIES)]


async def test_entries_go_on_below_a_record_and_name_the_epoch(world: LedgerWorld) -> None:
    live = await install(world)
    await world.trail.note(audit("token.refreshed", install_id=live.install_id))
    newest, first = await world.life.entries(STORE, limit=9)
    assert (newest.entry.action, newest.epoch, first.epoch) == ("token.refreshed", live.epoch, live.epoch)
    assert await world.life.entries(STORE, limit=1) == [newest]
    assert await world.life.entries(STORE, before=newest.audit_id, limit=9) == [first]
    assert await world.life.entries(STORE, before=first.audit_id, limit=9) == []


async def test_gaps_open_and_closed_are_told_newest_first(world: LedgerWorld) -> None:
    for topic in ("order.create", "product.update", "customer.update"):
        await world.gaps.open([gap(world, topic)])
    await world.gaps.close(list(await world.gaps.of_install(InstallId(1)))[:1], lost="logins")
    told = await world.life.gaps(STORE, limit=9)
    assert [one.gap.topic for one in told] == ["customer.update", "product.update", "order.create"]
    assert sum(one.closed_at is not None for one in told) == 1
    assert await world.life.gaps(STORE, limit=1) == told[:1]
    assert await world.life.gaps(STORE, before=told[0].gap_id, limit=9) == told[1:]
    assert await world.life.gaps(OTHER_STORE, limit=9) == []


async def test_pages_of_both_show_each_moment_once(world: LedgerWorld) -> None:
    for number in range(7):
        await world.trail.note(audit(f"store.step_{number}"))
        if number % 2:
            await world.gaps.open([gap(world, f"topic.{number}")])
    seen: list[LifeMoment] = []
    place: LifePlace | None = LifePlace()
    while place is not None:
        entries = await world.life.entries(STORE, before=place.audit_id, limit=4)
        gaps = await world.life.gaps(STORE, before=place.gap_id, limit=4)
        page = life_page(entries, gaps, after=place, limit=3)
        seen += page.moments
        place = page.next and LifePlace.parse(page.next.token)
    records = [one.record.entry.action for one in seen if one.record]
    topics = [one.gap.gap.topic for one in seen if one.gap]
    assert records == [f"store.step_{number}" for number in reversed(range(7))]
    assert topics == ["topic.5", "topic.3", "topic.1"]

"""The machine's clock, chance and ids."""

from datetime import UTC, datetime
from uuid import UUID

from adapters.system import SystemChance, SystemClock, SystemIds


def test_now_is_aware_utc_between_two_looks_at_the_clock() -> None:
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert now.utcoffset() == before.utcoffset()
    assert before <= now <= datetime.now(UTC)


async def test_sleeping_takes_at_least_as_long_as_asked_and_never_fails_for_the_past() -> None:
    clock = SystemClock()
    started = clock.monotonic()
    await clock.sleep(0.02)
    await clock.sleep(-5)
    assert 0.019 <= clock.monotonic() - started < 5


def test_fractions_lie_in_their_interval_and_differ() -> None:
    drawn = {SystemChance().fraction() for _ in range(1000)}
    assert all(0 <= fraction < 1 for fraction in drawn)
    assert len(drawn) > 990


def test_event_ids_are_uuids_that_sort_by_time() -> None:
    ids = [SystemIds().event_id() for _ in range(1000)]
    assert all(isinstance(event_id, UUID) and event_id.version == 7 for event_id in ids)
    assert ids == sorted(ids)
    assert len(set(ids)) == 1000


def test_install_ids_fit_a_bigint_and_use_its_whole_width() -> None:
    ids = [SystemIds().install_id() for _ in range(1000)]
    assert all(0 < install_id < 2**63 for install_id in ids)
    assert len(set(ids)) == 1000
    assert max(ids) > 2**62


def test_secrets_are_43_url_safe_characters() -> None:
    texts = {SystemIds().secret_text() for _ in range(100)}
    assert len(texts) == 100
    assert all(len(text) == 43 and text.replace("-", "a").replace("_", "a").isalnum() for text in texts)

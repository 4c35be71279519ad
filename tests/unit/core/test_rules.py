"""The small rules: addresses, secrets, tokens, retries, topics, states."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.entities.catalogue import recognise, unwrap
from core.domain.event_states import FINISHED, MOVES, UNFINISHED, Books, EventState, Ledger, Origin, sources_of
from core.domain.money import parse_amount
from core.domain.retry import RetryPolicy
from core.domain.secret import Secret, matches_any
from core.domain.stores import read_profile
from core.domain.timestamps import parse_time
from core.domain.tokens import RefreshOutcome, judge_refusal, read_tokens
from core.domain.topics import ALWAYS_SUBSCRIBED, subscriptions_for
from core.domain.webhook_address import (
    USERNAME,
    Addressee,
    credentials_hold,
    install_token,
    password,
    read_install_token,
)
from core.errors import UnknownShape
from core.features.event_handlers import Cancel, Done, Retry, Snooze
from core.features.event_handlers.outcomes import decide
from core.ids import Entity, EntityKind, InstallId, StoreId

NOW = datetime(2026, 5, 1, tzinfo=UTC)
OLD, NEW = Secret("old-secret"), Secret("new-secret")
ids = st.integers(1, 2**63 - 1)


@given(ids, ids)
def test_an_install_token_names_its_install_and_survives_rotation(store: int, install: int) -> None:
    addressee = Addressee(StoreId(store), InstallId(install))
    token = install_token(OLD, addressee)
    assert read_install_token((NEW, OLD), token) == addressee
    assert read_install_token((NEW,), token) is None


@given(ids, st.integers(0, 42), st.sampled_from("ABCDxyz019_-"))
def test_a_changed_install_token_is_nobodys(store: int, where: int, letter: str) -> None:
    token = install_token(NEW, Addressee(StoreId(store), InstallId(7)))
    forged = token[:where] + letter + token[where + 1 :]
    found = read_install_token((NEW,), forged)
    assert found is None or forged == token or found == Addressee(StoreId(store), InstallId(7))


@pytest.mark.parametrize("token", ["", "a", "💥", "%%%%", "A" * 43, "A" * 5000])
def test_what_is_no_install_token_is_nobodys(token: str) -> None:
    assert read_install_token((NEW,), token) is None


def test_credentials_of_another_install_do_not_hold() -> None:
    mine, other = Addressee(StoreId(1), InstallId(1)), Addressee(StoreId(1), InstallId(2))
    given_password = password(OLD, mine).reveal()
    assert credentials_hold((NEW, OLD), mine, USERNAME, given_password)
    assert not credentials_hold((NEW, OLD), other, USERNAME, given_password)
    assert not credentials_hold((NEW, OLD), mine, "admin", given_password)
    assert not credentials_hold((NEW,), mine, USERNAME, given_password)


def test_a_secret_never_shows_itself() -> None:
    secret = Secret("canary")
    assert "canary" not in f"{secret} {secret!r} {[secret]} {secret!s}"
    assert secret == Secret("canary")
    assert secret != Secret("other")
    assert matches_any("canary", (OLD, secret))
    assert not matches_any("canar", (OLD, secret))


ANSWER = {"access_token": "m", "authorization": "a", "refresh_token": "r", "expires_in": 3600}


def test_tokens_are_read_in_both_spellings() -> None:
    tokens = read_tokens(ANSWER, NOW)
    assert (tokens.authorization.reveal(), tokens.manager_token.reveal()) == ("a", "m")
    assert tokens.expires_at == NOW + timedelta(hours=1)
    capital = {**{k: v for k, v in ANSWER.items() if k != "authorization"}, "Authorization": "A"}
    assert read_tokens(capital, NOW).authorization.reveal() == "A"


def test_a_refresh_keeps_what_the_answer_leaves_out() -> None:
    before = read_tokens({**ANSWER, "expires_in": 31_536_000}, NOW)
    after = read_tokens({"access_token": "m2"}, NOW + timedelta(days=1), before)
    assert after.manager_token.reveal() == "m2"
    assert (after.authorization, after.refresh_token) == (before.authorization, before.refresh_token)
    assert after.expires_at == before.expires_at


@pytest.mark.parametrize("missing", ["access_token", "authorization", "refresh_token"])
def test_a_first_answer_must_be_complete(missing: str) -> None:
    with pytest.raises(UnknownShape, match=missing):
        read_tokens({name: value for name, value in ANSWER.items() if name != missing}, NOW)


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (400, '{"message":{"description":"Client authentication failed"}}', RefreshOutcome.CLIENT_FAULT),
        (401, '{"error":"invalid_client"}', RefreshOutcome.CLIENT_FAULT),
        (401, '{"error":"invalid_request"}', RefreshOutcome.REFUSED),
        (400, '{"error":"invalid_grant"}', RefreshOutcome.REFUSED),
        (404, "<html>", RefreshOutcome.CLIENT_FAULT),
        (500, "<html>", RefreshOutcome.SERVER_ERROR),
        (429, "", RefreshOutcome.SERVER_ERROR),
    ],
)
def test_a_refusal_is_judged(status: int, body: str, outcome: RefreshOutcome) -> None:
    assert judge_refusal(status, body) is outcome


@given(st.integers(1, 60), st.floats(0, 0.999))
def test_waits_grow_up_to_a_cap_and_end(attempt: int, chance: float) -> None:
    policy = RetryPolicy(max_attempts=10, first_wait=2, longest_wait=100)
    wait = policy.wait_after(attempt, chance)
    if attempt >= 10:
        assert wait is None
    else:
        assert wait is not None
        assert 1 <= wait <= 100


def test_a_handlers_outcome_decides_the_state() -> None:
    policy = RetryPolicy(max_attempts=2)
    assert decide(None, 1, policy, NOW, 0).state is EventState.DONE
    assert decide(Done(), 1, policy, NOW, 0).state is EventState.DONE
    assert decide(Cancel("not ours"), 1, policy, NOW, 0).reason == "not ours"
    snoozed = decide(Snooze(NOW), 1, policy, NOW, 0)
    assert (snoozed.state, snoozed.counted) == (EventState.WAITING, False)
    assert decide(Retry(5), 1, policy, NOW, 0).due_at == NOW + timedelta(seconds=5)
    assert decide(Retry(5), 2, policy, NOW, 0).state is EventState.DEAD


def test_every_state_has_its_moves() -> None:
    assert set(MOVES) == set(EventState)
    assert set(EventState) == UNFINISHED | FINISHED
    assert sources_of(EventState.RUNNING) == {EventState.QUEUED}
    assert EventState.RUNNING not in sources_of(EventState.ERASED)


def test_books_balance_by_origin() -> None:
    even = Books(3, 1, {EventState.DONE: 2, EventState.QUEUED: 1})
    assert Ledger({Origin.ZID: even}).balanced
    assert not Ledger({Origin.ZID: even, Origin.DERIVED: Books(1)}).balanced


def test_a_derived_topic_subscribes_its_sources() -> None:
    assert subscriptions_for(["payment.paid", "customer.login"]) == tuple(
        sorted([*ALWAYS_SUBSCRIBED, "customer.login"])
    )


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("211.44999892193000", "211.45"),
        (200.00000086523, "200"),
        ("11,523.00", "11523"),
        (9, "9"),
        ("", None),
        (None, None),
        (True, None),
        ("NaN", None),
        ("Infinity", None),
        ("abc", None),
    ],
)
def test_money_is_read_exactly(written: object, read: str | None) -> None:
    assert parse_amount(written) == (Decimal(read) if read else None)


@pytest.mark.parametrize("written", ["2026-01-30 15:56:06", "2026-01-30T15:56:06.000000Z", "2026-01-30T18:56:06+03:00"])
def test_every_spelling_of_a_time_is_one_utc_time(written: str) -> None:
    assert parse_time(written) == datetime(2026, 1, 30, 15, 56, 6, tzinfo=UTC)


@pytest.mark.parametrize("written", [None, "", [], 5, "13-10-2025 | 10:53 ص"])
def test_what_is_no_time_is_none(written: object) -> None:
    assert parse_time(written) is None


def test_a_cart_is_found_wherever_it_is_nested() -> None:
    for body in ({"id": "c"}, {"abandoned_cart": {"id": "c"}}, {"data": {"id": "c"}}, {"cart": {"id": "c"}}):
        assert recognise(EntityKind.CART, body) == Entity(EntityKind.CART, "c")
    outside = {"status": "object", "abandoned_cart": {"id": "c"}, "phase": "login"}
    assert unwrap(EntityKind.CART, outside)["phase"] == "login"


def test_an_entity_without_an_id_is_not_recognised() -> None:
    for body in ({}, {"id": None}, {"id": ""}, {"id": []}, {"id": True}):
        with pytest.raises(UnknownShape):
            recognise(EntityKind.ORDER, body)


def test_the_profile_is_read_in_every_known_nesting() -> None:
    store = {"id": 5, "uuid": "u", "title": "T", "currency": {"code": "SAR"}, "url": "https://t.zid.store"}
    for profile in ({"user": {"store": store}}, {"store": store}, {"data": {"user": {"store": store}}}):
        assert (read_profile(profile).store_id, read_profile(profile).currency) == (5, "SAR")
    with pytest.raises(UnknownShape):
        read_profile({"profile": {"city": "Riyadh"}})

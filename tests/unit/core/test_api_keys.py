"""What a key looks like, and what is noticed about one that was copied badly."""

from datetime import UTC, datetime, timedelta
from string import ascii_letters, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.api_keys import MemoryKeyBook
from adapters.memory.database import MemoryDatabase
from adapters.memory.system import SequentialIds
from adapters.system import SystemIds
from core.domain.api_access import ApiScope, Caller, KeyId
from core.domain.api_keys import KeyDraft, digest_of, hint_of, is_whole, make_key, overlap_of, referred
from core.domain.bounds import OutOfBounds
from core.domain.secret import Secret
from core.errors import Unavailable
from core.features.api_keys import CREATED, REVOKED, ROTATED, KeepApiKeys, KnowCallers

URL_SAFE = ascii_letters + digits + "-_"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ADMIN = Secret("an admin key that somebody chose")


def test_a_key_is_whole_and_every_other_one_is_another() -> None:
    made = {make_key(SystemIds().secret_text()).reveal() for _ in range(200)}
    assert len(made) == 200
    for key in made:
        assert key.startswith("wasl_")
        assert len(key) == 54
        assert is_whole(key)


@given(st.text(URL_SAFE, min_size=43, max_size=43), st.integers(0, 53), st.sampled_from(URL_SAFE))
def test_no_character_can_be_mistyped(secret: str, place: int, typed: str) -> None:
    key = make_key(secret).reveal()
    changed = key[:place] + typed + key[place + 1 :]
    assert is_whole(changed) == (changed == key)


@given(st.text(URL_SAFE, min_size=43, max_size=43), st.integers(0, 52))
def test_no_two_neighbours_can_be_swapped(secret: str, place: int) -> None:
    key = make_key(secret).reveal()
    swapped = key[:place] + key[place + 1] + key[place] + key[place + 2 :]
    assert is_whole(swapped) == (swapped == key)


@pytest.mark.parametrize(
    "text", ["", "wasl_", "wasl_" + "k" * 43, "wasl_" + "k" * 49, "WASL_" + "k" * 49, "\0" * 54, "é" * 54, "k" * 9999]
)
def test_what_was_cut_or_is_something_else_is_no_key(text: str) -> None:
    assert not is_whole(text)
    key = make_key("k" * 43).reveal()
    assert not any(is_whole(key[:length]) for length in range(len(key)))
    assert not is_whole(key + text[:1] + "k")


def test_what_is_kept_does_not_tell_the_key() -> None:
    key = make_key("Abcdefgh" + "k" * 35)
    assert len(digest_of(key)) == 32
    assert digest_of(key) != digest_of(make_key("Abcdefgh" + "l" * 35))
    assert hint_of(key) == "wasl_Abcd"


@pytest.mark.parametrize(
    ("field", "draft"),
    [
        ("name", {"name": ""}),
        ("name", {"name": "  "}),
        ("name", {"name": "x" * 101}),
        ("name", {"name": "a\nb"}),
        ("name", {"name": "a\0b"}),
        ("scopes", {"scopes": ()}),
        ("expires_at", {"expires_at": NOW}),
        ("rate_per_minute", {"rate_per_minute": 0}),
        ("rate_per_minute", {"rate_per_minute": 10**9}),
    ],
)
def test_a_draft_that_cannot_be_is_refused_by_the_field(field: str, draft: dict[str, object]) -> None:
    given_: dict[str, object] = {"name": "courier", "scopes": [ApiScope.READ]} | draft
    with pytest.raises(OutOfBounds) as refused:
        KeyDraft.of(now=NOW, **given_)  # type: ignore[arg-type]  # one of them is wrong on purpose
    assert refused.value.field == field


def test_scopes_are_told_once_and_in_order() -> None:
    draft = KeyDraft.of(" courier ", [ApiScope.ADMIN, ApiScope.READ, ApiScope.READ], now=NOW)
    assert (draft.name, draft.scopes) == ("courier", (ApiScope.READ, ApiScope.ADMIN))


@pytest.mark.parametrize("seconds", [-1, 31 * 86400, float("nan"), float("inf")])
def test_an_overlap_has_an_end(seconds: float) -> None:
    with pytest.raises(OutOfBounds):
        overlap_of(seconds)


@pytest.mark.parametrize("reference", ["", "key:", "key:x", "key:-1", "key:1 ", "key:٣", "key:" + "9" * 19, "admin:1"])
def test_only_a_number_refers_to_a_key(reference: str) -> None:
    assert referred(reference) is None
    assert referred("key:7") == KeyId(7)


# --- whose key it is --------------------------------------------------------------


class CountingBook(MemoryKeyBook):
    """Counts the looks, and may be away for notes."""

    looks = 0
    notes_fail = False

    async def live(self, key: bytes | KeyId):
        self.looks += 1
        return await super().live(key)

    async def note_use(self, key_id: KeyId) -> None:
        if self.notes_fail:
            raise Unavailable("postgres")
        await super().note_use(key_id)


class Office:
    """A book, and those who use it."""

    def __init__(self) -> None:
        self.database = MemoryDatabase()
        self.book = CountingBook(self.database)
        self.keeping = KeepApiKeys(book=self.book, ids=SequentialIds())
        self.callers = KnowCallers(book=self.book, configured=(ADMIN,), clock=self.database.clock)

    async def make(self, **more: object):
        given_: dict[str, object] = {"scopes": [ApiScope.OPERATE], **more}
        draft = KeyDraft.of("courier", now=self.database.now(), **given_)  # type: ignore[arg-type]
        return await self.keeping.create(draft, actor="admin", request_id="r-1")


@pytest.fixture
def office() -> Office:
    return Office()


async def test_a_made_key_opens_what_it_says_and_is_called_by_its_number(office: Office) -> None:
    made = await office.make(rate_per_minute=60)

    caller = await office.callers.caller(made.text)

    assert caller is not None
    assert (caller.name, caller.rate_per_minute, caller.key_id) == ("courier", 60, made.key.key_id)
    assert caller.actor == caller.holder == f"key:{made.key.key_id}"
    assert caller.may(ApiScope.READ)
    assert not caller.may(ApiScope.ADMIN)
    assert await office.callers.holder(caller.reference) == caller


async def test_the_key_of_the_configuration_may_do_everything_whatever_it_looks_like(office: Office) -> None:
    caller = await office.callers.caller(ADMIN)

    assert caller is not None
    assert (caller.actor, caller.key_id, caller.may(ApiScope.ADMIN)) == ("admin", None, True)
    assert await office.callers.holder(caller.reference) == caller
    changed = KnowCallers(book=office.book, configured=(Secret("another"),), clock=office.database.clock)
    assert await changed.holder(caller.reference) is None
    assert ADMIN.reveal() not in repr(caller)
    assert office.book.looks == 0


async def test_a_mistyped_key_costs_no_look_at_the_database(office: Office) -> None:
    made = await office.make()
    text = made.text.reveal()

    for wrong in (text[:-1], text + "A", text.swapcase(), "wasl_" + "k" * 43, "", "é"):
        assert await office.callers.caller(Secret(wrong)) is None
    assert office.book.looks == 0
    assert await office.callers.caller(make_key("x" * 43)) is None
    assert office.book.looks == 1


async def test_a_use_is_noted_at_most_once_a_minute_and_a_lost_note_is_no_refusal(office: Office) -> None:
    made = await office.make()
    office.book.notes_fail = True
    assert await office.callers.caller(made.text)
    office.book.notes_fail = False
    first = office.database.now()
    for _ in range(3):
        assert await office.callers.caller(made.text)
        office.database.clock.advance(10)  # type: ignore[attr-defined]
    kept = await office.book.get(made.key.key_id)
    assert kept is not None
    assert kept.last_used_at == first


async def test_what_is_over_opens_nothing_at_once(office: Office) -> None:
    revoked, expiring = await office.make(), await office.make(expires_at=office.database.now() + timedelta(hours=1))
    caller = await office.callers.caller(revoked.text)
    assert isinstance(caller, Caller)

    await office.keeping.revoke(revoked.key.key_id)
    office.database.clock.advance(3600)  # type: ignore[attr-defined]

    assert await office.callers.caller(revoked.text) is None
    assert await office.callers.holder(caller.reference) is None
    assert await office.callers.caller(expiring.text) is None


async def test_who_repeats_a_request_after_a_rotation_is_the_same_holder(office: Office) -> None:
    made = await office.make()
    second = await office.keeping.rotate(made.key.key_id, overlap=timedelta(hours=24))
    assert second is not None
    third = await office.keeping.rotate(second.key.key_id, overlap=timedelta(hours=24))
    assert third is not None

    callers = [await office.callers.caller(one.text) for one in (made, second, third)]

    assert len({caller.holder for caller in callers if caller}) == 1
    assert len({caller.actor for caller in callers if caller}) == 3


async def test_every_change_is_audited_by_numbers_alone(office: Office) -> None:
    made = await office.make(expires_at=office.database.now() + timedelta(days=1))
    new = await office.keeping.rotate(made.key.key_id, overlap=timedelta(hours=1), actor="cli")
    assert new is not None
    await office.keeping.revoke(new.key.key_id, actor="cli")

    written = office.database.audit
    assert [(entry.action, entry.actor) for entry in written] == [
        (CREATED, "admin"),
        (ROTATED, "cli"),
        (REVOKED, "cli"),
    ]
    assert [entry.details["key_id"] for entry in written] == [made.key.key_id, new.key.key_id, new.key.key_id]
    assert written[0].details["expires_at"] == "2026-01-02T00:00:00+00:00"
    assert written[1].details["rotated_from"] == made.key.key_id
    told = repr(written)
    assert "courier" not in told
    assert not any(text.reveal()[5:20] in told for text in (made.text, new.text))

"""A ring of keys: the first seals, all open, and nothing tells what they are."""

import traceback

import pytest

from adapters.sealing.fernet import FernetSealer
from adapters.sealing.ring_keys import generate_key, key_id
from core.domain.secret import Secret
from core.errors import KeyMissing, SealBroken, SettingInvalid
from core.ports.sealing import WrappedKey

OLD, NEW, OTHER = generate_key(), generate_key(), generate_key()


def test_what_is_sealed_opens_to_the_same_bytes() -> None:
    sealer = FernetSealer((NEW, OLD))
    key = sealer.new_data_key()
    for content in (b"", b"\x00\xff", "سرّ".encode(), b"x" * 100_000):
        sealed = sealer.seal(key, content)
        assert content == sealer.open(key, sealed)
        assert not content or content not in sealed


def test_a_new_data_key_is_sealed_by_the_first_of_the_ring() -> None:
    key = FernetSealer((NEW, OLD)).new_data_key()
    assert key.key_id == key_id(NEW)
    assert FernetSealer((NEW,)).seal(key, b"x")
    with pytest.raises(KeyMissing):
        FernetSealer((OLD,)).seal(key, b"x")


def test_every_data_key_is_its_own() -> None:
    sealer = FernetSealer((NEW,))
    one, two = sealer.new_data_key(), sealer.new_data_key()
    sealed = sealer.seal(one, b"x")
    with pytest.raises(SealBroken):
        sealer.open(two, sealed)


def test_an_old_key_opens_as_long_as_it_is_in_the_ring() -> None:
    before = FernetSealer((OLD,))
    key = before.new_data_key()
    sealed = before.seal(key, b"x")
    assert FernetSealer((NEW, OTHER, OLD)).open(key, sealed) == b"x"
    with pytest.raises(KeyMissing, match=key_id(OLD)) as caught:
        FernetSealer((NEW, OTHER)).open(key, sealed)
    assert caught.value.key_id == key_id(OLD)


def test_rewrapping_keeps_the_data_key_and_moves_it_to_the_first_of_the_ring() -> None:
    before = FernetSealer((OLD,))
    key = before.new_data_key()
    sealed = before.seal(key, b"x")
    moved = FernetSealer((NEW, OLD)).rewrap(key)
    assert moved.key_id == key_id(NEW)
    assert FernetSealer((NEW,)).open(moved, sealed) == b"x"
    assert FernetSealer((NEW, OLD)).rewrap(moved) == moved
    with pytest.raises(KeyMissing):
        FernetSealer((NEW,)).rewrap(key)


@pytest.mark.parametrize("at", [0, 1, 20, -1])
def test_one_changed_byte_breaks_the_seal(at: int) -> None:
    sealer = FernetSealer((NEW,))
    key = sealer.new_data_key()
    sealed, wrapped = bytearray(sealer.seal(key, b"x")), bytearray(key.wrapped)
    sealed[at] = (sealed[at] + 1) % 128
    with pytest.raises(SealBroken):
        sealer.open(key, bytes(sealed))
    wrapped[at] = (wrapped[at] + 1) % 128
    with pytest.raises(SealBroken):
        sealer.seal(WrappedKey(key.key_id, bytes(wrapped)), b"x")


def test_a_data_key_under_a_false_name_asks_for_the_key_it_names() -> None:
    key = FernetSealer((NEW,)).new_data_key()
    with pytest.raises(KeyMissing, match="00000000"):
        FernetSealer((OLD,)).seal(WrappedKey("00000000", key.wrapped), b"x")
    with pytest.raises(SealBroken):
        FernetSealer((OLD,)).seal(WrappedKey(key_id(OLD), key.wrapped), b"x")


def test_only_so_many_opened_data_keys_are_kept_and_answers_stay_right() -> None:
    sealer = FernetSealer((NEW,), opened_keys=2)
    keys = [sealer.new_data_key() for _ in range(5)]
    sealed = [sealer.seal(key, str(n).encode()) for n, key in enumerate(keys)]
    for _ in range(2):
        assert [sealer.open(key, value) for key, value in zip(keys, sealed, strict=True)] == [
            b"0",
            b"1",
            b"2",
            b"3",
            b"4",
        ]
    assert sealer._data_key.cache_info().currsize == 2


def test_a_missing_key_is_not_remembered_as_missing_data() -> None:
    key = FernetSealer((OLD,)).new_data_key()
    without = FernetSealer((NEW,))
    for _ in range(2):
        with pytest.raises(KeyMissing):
            without.seal(key, b"x")


def test_the_same_key_has_the_same_name_however_it_is_written() -> None:
    assert key_id(NEW) == key_id(Secret(f" {NEW.reveal()}\n"))
    assert len(key_id(NEW)) == 8
    assert key_id(NEW) != key_id(OLD)
    assert FernetSealer((Secret(f" {NEW.reveal()} "),)).new_data_key().key_id == key_id(NEW)


@pytest.mark.parametrize("bad", ["", "short", "x" * 44, "é" * 44, generate_key().reveal()[:-4]])
def test_what_is_no_key_is_refused_by_its_place(bad: str) -> None:
    with pytest.raises(SettingInvalid, match=r"TOKEN_KEYS.*wasl keys generate") as caught:
        FernetSealer((NEW, Secret(bad)))
    assert "key 2 of 2" in str(caught.value)
    assert not bad or bad not in "".join(traceback.format_exception(caught.value))


def test_an_empty_ring_is_refused() -> None:
    with pytest.raises(SettingInvalid, match="TOKEN_KEYS"):
        FernetSealer(())


def test_neither_repr_nor_errors_show_a_key_or_what_was_sealed() -> None:
    sealer = FernetSealer((NEW, OLD))
    key = sealer.new_data_key()
    secret = generate_key().reveal()
    shown = [repr(sealer), str(sealer), repr(generate_key())]
    with pytest.raises(SealBroken) as caught:
        sealer.open(key, sealer.seal(sealer.new_data_key(), secret.encode()))
    shown += traceback.format_exception(caught.value)
    for text in shown:
        assert NEW.reveal() not in text
        assert OLD.reveal() not in text
        assert secret not in text

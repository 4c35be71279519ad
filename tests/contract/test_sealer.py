"""What every sealer promises."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.fernet import Fernet

from adapters.memory.sealing import ReversibleSealer
from adapters.sealing.fernet import FernetSealer
from core.domain.secret import Secret
from core.errors import KeyMissing, SealBroken
from core.ports.sealing import Sealer

NewRing = Callable[..., Sealer]
KEYS = {name: Secret(Fernet.generate_key().decode()) for name in ("old", "new")}


def fernet(*names: str) -> Sealer:
    return FernetSealer(tuple(KEYS[name] for name in names))


def reversible(*names: str) -> Sealer:
    return ReversibleSealer(names)


@pytest.fixture(params=[reversible, fernet], ids=["memory", "fernet"])
def ring(request: pytest.FixtureRequest) -> NewRing:
    new: NewRing = request.param
    return new


def test_what_is_sealed_opens(ring: NewRing) -> None:
    sealer = ring("old")
    key = sealer.new_data_key()
    for content in (b"", b"tokens", "توكن".encode() * 500):
        assert sealer.open(key, sealer.seal(key, content)) == content


def test_what_is_sealed_does_not_show(ring: NewRing) -> None:
    sealer = ring("old")
    assert b"readable tokens" not in sealer.seal(sealer.new_data_key(), b"readable tokens")


def test_every_data_key_is_another_one(ring: NewRing) -> None:
    sealer = ring("old")
    assert sealer.new_data_key() != sealer.new_data_key()


def test_another_data_key_does_not_open(ring: NewRing) -> None:
    sealer = ring("old")
    sealed = sealer.seal(sealer.new_data_key(), b"content")
    with pytest.raises(SealBroken):
        sealer.open(sealer.new_data_key(), sealed)


@pytest.mark.parametrize(
    "damage", [lambda s: s[:-1] + bytes([s[-1] ^ 1]), lambda s: s[:-9], lambda s: b"", lambda s: b"x" * 99]
)
def test_changed_content_does_not_open(ring: NewRing, damage: Callable[[bytes], bytes]) -> None:
    sealer = ring("old")
    key = sealer.new_data_key()
    with pytest.raises(SealBroken):
        sealer.open(key, damage(sealer.seal(key, b"content")))


def test_the_first_key_of_the_ring_seals_and_all_open(ring: NewRing) -> None:
    key = ring("old").new_data_key()
    sealed = ring("old").seal(key, b"content")
    turned = ring("new", "old")
    assert turned.open(key, sealed) == b"content"
    assert turned.new_data_key().key_id == ring("new").new_data_key().key_id != key.key_id


def test_a_key_that_the_ring_lacks_is_named(ring: NewRing) -> None:
    old = ring("old")
    key = old.new_data_key()
    sealed = old.seal(key, b"content")
    without = ring("new")
    for attempt in (lambda: without.open(key, sealed), lambda: without.seal(key, b"x"), lambda: without.rewrap(key)):
        with pytest.raises(KeyMissing) as caught:
            attempt()
        assert caught.value.key_id == key.key_id


def test_rewrapping_keeps_the_data_key_under_the_first_ring_key(ring: NewRing) -> None:
    key = ring("old").new_data_key()
    sealed = ring("old").seal(key, b"content")
    turned = ring("new", "old").rewrap(key)
    assert turned.key_id == ring("new").new_data_key().key_id
    assert ring("new").open(turned, sealed) == b"content"
    assert ring("new", "old").rewrap(turned) == turned


def test_a_wrapped_key_under_a_wrong_name_is_refused(ring: NewRing) -> None:
    key = ring("old").new_data_key()
    with pytest.raises((KeyMissing, SealBroken)):
        ring("old").seal(replace(key, key_id="feedbeef"), b"content")

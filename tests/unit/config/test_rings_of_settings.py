"""Every ring of the settings, by the ids of its members."""

import pytest

from adapters.sealing.ring_keys import generate_key, key_id
from config.rings import rings_of
from config.settings import load_settings
from core.domain.rings import RingName, secret_id
from core.domain.secret import Secret
from core.errors import SettingInvalid
from tests.unit.config.test_settings import PRODUCTION, STRONG


def test_rings_are_ids_in_their_order_and_never_the_members() -> None:
    first, second = generate_key(), generate_key()
    given = {
        "TOKEN_KEYS": f"{first.reveal()}, {second.reveal()}",
        "WEBHOOK_SECRET": "one, two",
        "SESSION_KEY": "three,four",
    }
    rings = rings_of(load_settings(given))
    assert rings[RingName.TOKENS] == (key_id(first), key_id(second))
    assert rings[RingName.WEBHOOKS] == (secret_id(Secret("one")), secret_id(Secret("two")))
    assert rings[RingName.SESSIONS] == (secret_id(Secret("three")), secret_id(Secret("four")))
    assert rings[RingName.APP_EVENTS] == ()
    assert not [text for text in given.values() if text in str(rings)]


@pytest.mark.parametrize("key", ["WEBHOOK_SECRET", "APP_EVENTS_SECRET", "SESSION_KEY"])
def test_production_refuses_a_weak_member_anywhere_in_a_ring(key: str) -> None:
    assert load_settings({**PRODUCTION, key: f"{STRONG},{STRONG}"})
    with pytest.raises(SettingInvalid, match=key):
        load_settings({**PRODUCTION, key: f"{STRONG},short"})

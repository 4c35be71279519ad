"""What is inside a sealed row, looked at from outside the database."""

import json
import traceback

import pytest

from adapters.postgres.sealed_tokens import Place, open_tokens, seal_tokens
from adapters.sealing.fernet import FernetSealer
from adapters.sealing.ring_keys import generate_key
from core.domain.secret import Secret
from core.domain.tokens import Tokens
from core.errors import SealBroken
from core.ids import Generation, InstallId, StoreId

SEALER = FernetSealer((generate_key(),))
KEY = SEALER.new_data_key()
PLACE = Place(StoreId(7), InstallId(2**63 - 1), Generation(3))
TOKENS = Tokens(Secret("jwt"), Secret("manager"), Secret("def502"), None)
CONTENT = {
    "store": 7, "install": 2**63 - 1, "generation": 3,
    "authorization": "jwt", "manager_token": "manager", "refresh_token": "def502",
}  # fmt: skip


def test_a_row_holds_the_tokens_and_where_they_belong() -> None:
    assert json.loads(SEALER.open(KEY, seal_tokens(SEALER, KEY, PLACE, TOKENS))) == CONTENT


def test_tokens_open_in_their_place() -> None:
    opened = open_tokens(SEALER, KEY, PLACE, seal_tokens(SEALER, KEY, PLACE, TOKENS), None)
    assert opened.tokens == TOKENS
    assert (opened.store_id, opened.install_id, opened.generation) == (7, 2**63 - 1, 3)


@pytest.mark.parametrize(
    "elsewhere",
    [
        Place(StoreId(8), PLACE.install_id, PLACE.generation),
        Place(PLACE.store_id, InstallId(1), PLACE.generation),
        Place(PLACE.store_id, PLACE.install_id, Generation(4)),
    ],
)
def test_tokens_open_nowhere_else(elsewhere: Place) -> None:
    with pytest.raises(SealBroken, match="belong to another row"):
        open_tokens(SEALER, KEY, elsewhere, seal_tokens(SEALER, KEY, PLACE, TOKENS), None)


@pytest.mark.parametrize(
    "content",
    [
        b"jwt-that-is-no-json",
        b"[]",
        b"{}",
        b"null",
        json.dumps({**CONTENT, "refresh_token": None}).encode(),
        json.dumps({name: value for name, value in CONTENT.items() if name != "authorization"}).encode(),
    ],
)
def test_anything_else_that_was_sealed_is_broken_and_not_quoted(content: bytes) -> None:
    with pytest.raises(SealBroken) as caught:
        open_tokens(SEALER, KEY, PLACE, SEALER.seal(KEY, content), None)
    shown = "".join(traceback.format_exception(caught.value))
    assert "jwt-that-is-no-json" not in shown
    assert "def502" not in shown
    assert caught.value.__context__ is None

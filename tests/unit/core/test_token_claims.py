"""What tokens say of themselves: convicted by a wrong word, never acquitted, and never the cause of a crash."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.secret import Secret
from core.domain.token_claims import CLOCKS_APART, Claims, Finding, LocalCheck, check_locally
from core.domain.tokens import Tokens

NOW = datetime(2026, 11, 23, tzinfo=UTC)
YEAR = timedelta(days=365)
MANAGER = b64encode(json.dumps({"iv": "i", "value": "v", "mac": "m", "tag": ""}).encode()).decode()


def part(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def jwt(header: object = None, **claims: object) -> str:
    usual = {"aud": "48", "iat": NOW.timestamp(), "nbf": NOW.timestamp(), "exp": (NOW + YEAR).timestamp()}
    payload = {**usual, "sub": "182475", "scopes": ["third-parties-apis"], **claims}
    return f"{part(header or {'typ': 'JWT', 'alg': 'RS256'})}.{part(payload)}.c2lnbmF0dXJl"


def check(authorization: str, manager: str = MANAGER, expires_at: datetime | None = NOW + YEAR) -> LocalCheck:
    tokens = Tokens(Secret(authorization), Secret(manager), Secret("def50200"), expires_at)
    return check_locally(tokens, client_id="48", now=NOW)


def test_tokens_as_zid_makes_them_pass_and_their_claims_are_read() -> None:
    found = check(jwt())
    assert (found.passed, found.findings) == (True, ())
    assert found.claims == Claims(("48",), ("third-parties-apis",), NOW, NOW, NOW + YEAR)


@pytest.mark.parametrize(
    ("authorization", "finding"),
    [
        (jwt(aud="117"), Finding.OTHER_CLIENT),
        (jwt(aud=["117", "49"]), Finding.OTHER_CLIENT),
        (jwt(aud=4), Finding.OTHER_CLIENT),
        (jwt(exp=(NOW - CLOCKS_APART).timestamp()), Finding.AUTHORIZATION_EXPIRED),
        (jwt(nbf=(NOW + CLOCKS_APART + timedelta(seconds=1)).timestamp()), Finding.NOT_YET_VALID),
    ],
)
def test_a_wrong_claim_convicts(authorization: str, finding: Finding) -> None:
    found = check(authorization)
    assert (found.findings, found.passed) == ((finding,), False)


@pytest.mark.parametrize(
    "authorization",
    [
        jwt(aud=48),
        jwt(aud=["117", "48"]),
        jwt(aud=None),
        jwt(exp=(NOW - CLOCKS_APART + timedelta(seconds=1)).timestamp()),
        jwt(nbf=(NOW + CLOCKS_APART).timestamp()),
        jwt(exp=None, nbf=True, iat="yesterday", scopes="all"),
        jwt(exp=1e300),
        jwt(nbf=float("nan")),
    ],
)
def test_other_spellings_and_clocks_a_little_apart_do_not(authorization: str) -> None:
    assert check(authorization).findings == ()


def test_a_lifetime_that_is_over_convicts_whatever_the_claims_say() -> None:
    assert check(jwt(), expires_at=NOW).findings == (Finding.EXPIRED,)
    assert check(jwt(), expires_at=None).passed


@pytest.mark.parametrize("text", ["", "eyJpdiI6", "a.b", "a.b.c.d", "..", "a.b.", f"{part({})}.{part({})}.x"])
def test_what_is_no_jwt_is_odd_and_no_more(text: str) -> None:
    found = check(text)
    assert (found.findings, found.passed) == ((Finding.AUTHORIZATION_NO_JWT,), True)
    assert found.claims == Claims()


@pytest.mark.parametrize("text", ["", "plain", jwt(), b64encode(b'{"iv":1}').decode(), b64encode(b"[1]").decode()])
def test_a_manager_token_of_another_shape_is_odd_and_no_more(text: str) -> None:
    found = check(jwt(), manager=text)
    assert (found.findings, found.passed) == ((Finding.MANAGER_TOKEN_ODD,), True)


@given(st.text(), st.text())
def test_no_text_is_too_strange_to_be_looked_at(first: str, second: str) -> None:
    found = check(f"{first}.{second}.x", manager=second)
    assert Finding.MANAGER_TOKEN_ODD in found.findings


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists), st.floats() | st.integers())
def test_no_claim_is_too_strange_to_be_looked_at(value: object, number: float) -> None:
    check(jwt(aud=value, scopes=value, exp=number, nbf=number, iat=value))

"""Which headers each dialect wears, and which of them a set of answers convicts."""

from __future__ import annotations

import pytest

from adapters.zid.token_trials import AiohttpTokenTrials
from adapters.zid.wire import Request, Wire
from core.domain.exchange import Answer, AnswerLost, NotSent, Sent
from core.domain.secret import Secret
from core.domain.token_trials import Dialect, RemoteCheck, Trial, TrialVerdict
from core.domain.tokens import Tokens, TokenSet
from core.ids import Generation, InstallId, StoreId

SEEN = TokenSet(
    StoreId(1001), InstallId(1), Generation(1), Tokens(Secret("jwt"), Secret("manager"), Secret("refresh"), None)
)
YES, NO, NOBODY = TrialVerdict.ACCEPTED, TrialVerdict.REFUSED, TrialVerdict.UNDECIDED


class OneAnswer(Wire):
    """Answers everything alike."""

    def __init__(self, sent: Sent) -> None:
        self._sent = sent
        self.requests: list[Request] = []

    async def send(self, request: Request) -> Sent:
        self.requests.append(request)
        return self._sent


async def asked(dialect: Dialect, sent: Sent) -> tuple[Trial, Request]:
    wire = OneAnswer(sent)
    trial = await AiohttpTokenTrials(wire, api_url="https://zid.example").ask(SEEN, dialect)
    (request,) = wire.requests
    return trial, request


@pytest.mark.parametrize(
    ("dialect", "url", "headers"),
    [
        (Dialect.MANAGERS, "/v1/managers/account/profile", {"X-Manager-Token": "manager"}),
        (Dialect.ACCESS_TOKEN, "/v1/managers/account/profile", {"Access-Token": "manager"}),
        (Dialect.PRODUCTS, "/v1/products/", {"Access-Token": "manager", "Store-Id": "1001", "Role": "Manager"}),
    ],
)
async def test_a_dialect_wears_its_own_headers_and_no_others(
    dialect: Dialect, url: str, headers: dict[str, str]
) -> None:
    _, request = await asked(dialect, Answer(200))
    assert (request.method, request.url, request.store_id) == ("GET", f"https://zid.example{url}", 1001)
    always = {"Authorization": "Bearer jwt", "Accept": "application/json", "Accept-Language": "en"}
    assert request.headers == {**always, **headers}


@pytest.mark.parametrize(
    ("sent", "profile", "products"),
    [
        (Answer(200, b'{"user":{"store":{"id":1001}}}'), YES, YES),
        (Answer(200, b"<html>"), YES, YES),
        (Answer(401), NO, NO),
        (Answer(302), NO, NO),
        (Answer(403), NO, YES),
        (Answer(404), NOBODY, NOBODY),
        (Answer(429), NOBODY, NOBODY),
        (Answer(500), NOBODY, NOBODY),
        (NotSent("no name"), NOBODY, NOBODY),
        (AnswerLost("cut"), NOBODY, NOBODY),
    ],
)
async def test_what_each_end_says_about_the_tokens(sent: Sent, profile: TrialVerdict, products: TrialVerdict) -> None:
    verdicts = [(await asked(dialect, sent))[0].verdict for dialect in Dialect]
    assert verdicts == [profile, profile, products]


@pytest.mark.parametrize(
    ("managers", "access_token", "products", "works", "headers"),
    [
        (YES, YES, YES, True, ()),
        (NO, YES, YES, False, ("X-Manager-Token",)),
        (YES, NO, NO, False, ("Access-Token",)),
        (YES, YES, NO, False, ("Store-Id",)),
        (NO, NO, NO, False, ("Authorization", "X-Manager-Token", "Access-Token")),
        (NO, NOBODY, NOBODY, False, ("Authorization", "X-Manager-Token")),
        (YES, NOBODY, NO, False, ("Access-Token", "Store-Id")),
        (YES, NOBODY, YES, None, ()),
        (NOBODY, NOBODY, NOBODY, None, ()),
    ],
)
def test_the_answers_together_convict_a_header(
    managers: TrialVerdict,
    access_token: TrialVerdict,
    products: TrialVerdict,
    works: bool | None,
    headers: tuple[str, ...],
) -> None:
    verdicts = zip(Dialect, (managers, access_token, products), strict=True)
    check = RemoteCheck(tuple(Trial(dialect, verdict) for dialect, verdict in verdicts))
    assert (check.works, check.failed_headers) == (works, headers)

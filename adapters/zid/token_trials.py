"""Trying tokens out at Zid, one dialect at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from adapters.zid.answers import read_document
from adapters.zid.headers import Family, api_headers
from adapters.zid.rows.account import PROFILE_PATH
from adapters.zid.rows.products import PRODUCTS_PATH
from adapters.zid.wire import Request, Wire
from core.domain.exchange import Answer, AnswerLost, NotSent, Sent, Verdict, judge
from core.domain.stores import read_profile
from core.domain.token_trials import BEARER, MANAGER_TOKEN, STORE, Dialect, Trial, TrialVerdict
from core.domain.tokens import TokenSet
from core.errors import UnknownShape
from core.ids import StoreId
from core.ports.token_trials import TokenTrials

_ALWAYS: Final = frozenset({BEARER, "Accept", "Accept-Language"})


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked in a dialect. `forbidden` is what a 403 means there."""

    family: Family
    path: str
    names: frozenset[str]
    forbidden: TrialVerdict
    query: Mapping[str, str]


_PROFILE_FORBIDDEN: Final = TrialVerdict.REFUSED
"""As the probe takes it: an uninstalled app may be answered 403 (U29)."""
_QUESTIONS: Final[Mapping[Dialect, _Question]] = MappingProxyType(
    {
        Dialect.MANAGERS: _Question(Family.MANAGERS, PROFILE_PATH, frozenset(), _PROFILE_FORBIDDEN, {}),
        Dialect.ACCESS_TOKEN: _Question(Family.MANAGERS, PROFILE_PATH, frozenset(), _PROFILE_FORBIDDEN, {}),
        Dialect.PRODUCTS: _Question(
            Family.PRODUCTS, PRODUCTS_PATH, frozenset({STORE, "Role"}), TrialVerdict.ACCEPTED, {"page_size": "1"}
        ),
    }
)


class AiohttpTokenTrials(TokenTrials):
    """Over a Wire that waits for the store's allowance."""

    def __init__(self, wire: Wire, *, api_url: str) -> None:
        self._wire = wire
        self._api_url = api_url

    async def ask(self, seen: TokenSet, dialect: Dialect) -> Trial:
        question = _QUESTIONS[dialect]
        names = _ALWAYS | question.names | {MANAGER_TOKEN[dialect]}
        headers = api_headers(seen.tokens, seen.store_id)
        request = Request(
            method="GET",
            url=self._api_url + question.path,
            family=question.family,
            operation="TryTokens",
            store_id=seen.store_id,
            query=question.query,
            headers={name: value for name, value in headers.items() if name in names},
        )
        return _trial(dialect, question, await self._wire.send(request))


def _trial(dialect: Dialect, question: _Question, sent: Sent) -> Trial:
    match sent, judge(sent):
        case Answer(status), Verdict.GOOD:
            return Trial(dialect, TrialVerdict.ACCEPTED, status, _store_of(sent, question))
        case Answer(status), Verdict.TOKENS_REFUSED:
            return Trial(dialect, TrialVerdict.REFUSED, status)
        case Answer(status), Verdict.FORBIDDEN:
            return Trial(dialect, question.forbidden, status, note="Zid forbids the app to read this")
        case Answer(status), _:
            return Trial(dialect, TrialVerdict.UNDECIDED, status, note=f"Zid answered {status}")
        case ((NotSent(reason) | AnswerLost(reason)), _):
            return Trial(dialect, TrialVerdict.UNDECIDED, note=reason)


def _store_of(answer: Answer, question: _Question) -> StoreId | None:
    """Whom a profile names; None where it names nobody."""
    if question.path != PROFILE_PATH:
        return None
    try:
        return read_profile(read_document(answer)).store_id
    except UnknownShape:
        return None

"""Zid's OAuth server, and the question whose tokens these are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from adapters.zid.answers import read_document
from adapters.zid.errors import THROTTLED_FOR, refused
from adapters.zid.headers import Family, api_headers
from adapters.zid.rows.account import PROFILE_PATH
from adapters.zid.wire import Request, Wire
from core.domain.documents import Document
from core.domain.exchange import Answer, AnswerLost, NotSent, Verdict, judge
from core.domain.secret import Secret
from core.domain.tokens import RefreshOutcome, Tokens, judge_refusal
from core.errors import ClientRejected, OutcomeUnknown, ServerFault, Unavailable, UnknownShape, WaslError
from core.ports.zid_gateway import Exchange, Probe

OAUTH_SERVER: Final = "Zid's OAuth server"
_TOKEN_FIELDS: Final = ("access_token", "authorization", "Authorization", "refresh_token")
_LOST: Final = "Ask Zid for the profile with the tokens at hand."


class AiohttpExchange(Exchange):
    """The token endpoint: a form in the body, on a connection of its own, sent once."""

    def __init__(self, wire: Wire, *, oauth_url: str, client_id: str, client_secret: Secret, redirect_uri: str) -> None:
        self._wire = wire
        self._url = f"{oauth_url}/oauth/token"
        self._client_id = client_id
        self._client_secret = client_secret
        self._redirect_uri = redirect_uri

    async def redeem_code(self, code: str) -> Document:
        return await self._exchange("authorization_code", {"code": code})

    async def refresh(self, refresh_token: str) -> Document:
        return await self._exchange("refresh_token", {"refresh_token": refresh_token})

    async def _exchange(self, grant: str, spent: Mapping[str, str]) -> Document:
        form = {
            "grant_type": grant,
            "client_id": self._client_id,
            "client_secret": self._client_secret.reveal(),
            "redirect_uri": self._redirect_uri,
            **spent,
        }
        request = Request(
            method="POST",
            url=self._url,
            family=Family.OAUTH,
            operation=grant,
            headers={"Accept": "application/json"},
            body=urlencode(form).encode(),
            content_type="application/x-www-form-urlencoded",
            fresh=True,
        )
        match await self._wire.send(request):
            case Answer() as answer if answer.good:
                return _token_answer(answer, grant)
            case Answer() as answer:
                raise _refusal(answer)
            case NotSent(reason):
                raise Unavailable(OAUTH_SERVER, reason)
            case AnswerLost(reason):
                raise OutcomeUnknown(f"{grant} exchange ({reason})", _LOST)


def _token_answer(answer: Answer, grant: str) -> Document:
    """A 2xx that holds no tokens says that something happened, but not what."""
    try:
        document = read_document(answer)
    except UnknownShape as unreadable:
        raise OutcomeUnknown(f"{grant} exchange ({unreadable})", _LOST) from None
    if not any(document.get(name) for name in _TOKEN_FIELDS):
        raise OutcomeUnknown(f"{grant} exchange (an answer without tokens)", _LOST)
    return document


def _refusal(answer: Answer) -> WaslError:
    """A redirect, as a maintenance page would send, refuses no token."""
    if 300 <= answer.status < 400:
        return ServerFault(OAUTH_SERVER, f"it redirects ({answer.status})")
    match judge_refusal(answer.status, answer.body.decode(errors="replace")):
        case RefreshOutcome.SERVER_ERROR:
            return ServerFault(OAUTH_SERVER, f"it answered {answer.status}", answer.retry_after or 1.0)
        case RefreshOutcome.CLIENT_FAULT:
            return ClientRejected(
                "Zid refuses the app itself: compare ZID_CLIENT_ID, ZID_CLIENT_SECRET and the Callback URL "
                "(PUBLIC_URL/auth/zid/callback) with the Partner Dashboard"
            )
        case _:
            return refused(answer)


class AiohttpProbe(Probe):
    """The profile, asked with exactly these tokens, once."""

    def __init__(self, wire: Wire, *, api_url: str) -> None:
        self._wire = wire
        self._url = api_url + PROFILE_PATH

    async def profile(self, tokens: Tokens) -> Document | None:
        sent = await self._wire.send(
            Request(
                method="GET",
                url=self._url,
                family=Family.MANAGERS,
                operation="Probe",
                headers=api_headers(tokens, store_id=None),
            )
        )
        match sent, judge(sent):
            case Answer(), Verdict.GOOD:
                return _profile(sent)
            case Answer(), Verdict.TOKENS_REFUSED | Verdict.FORBIDDEN:
                return None
            case Answer(), Verdict.THROTTLED:
                raise Unavailable("Zid", "it throttles", sent.retry_after or THROTTLED_FOR)
            case Answer(status), _:
                raise ServerFault("Zid", f"it answered {status}")
            case ((NotSent(reason) | AnswerLost(reason)), _):
                raise Unavailable("Zid", reason)


def _profile(answer: Answer) -> Document:
    try:
        return read_document(answer)
    except UnknownShape as unreadable:
        raise ServerFault("Zid", str(unreadable)) from None

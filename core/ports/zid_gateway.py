"""Zid, as the core sees it: one question for the API, two for the OAuth server."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol, TypeVar

from core.domain.documents import Document
from core.domain.operations.operation import Operation
from core.domain.tokens import Tokens, TokenSet
from core.ids import StoreId

R = TypeVar("R")


class ZidGateway(Protocol):
    """Calls Zid for a store."""

    @abstractmethod
    async def perform(self, store_id: StoreId, operation: Operation[R]) -> R:
        """The clean result of the operation.

        Expired tokens are renewed once on the way. Raises NeedsReauthorization,
        MissingScope, RateLimited, Unavailable, NotFound, Invalid, Refused,
        ClientRejected, UnknownShape, or OutcomeUnknown for a write whose answer was lost.
        """


class BoundGateway(Protocol):
    """A gateway for one store, as handlers get it."""

    @abstractmethod
    async def perform(self, operation: Operation[R]) -> R: ...


class Probe(Protocol):
    """Asks Zid who some tokens belong to, without renewing them on the way."""

    @abstractmethod
    async def profile(self, tokens: Tokens) -> Document | None:
        """The profile answer; None when Zid refuses the tokens (401, 403, redirect). Raises Unavailable."""


class Exchange(Protocol):
    """The token endpoint. An exchange is never repeated by the adapter."""

    @abstractmethod
    async def redeem_code(self, code: str) -> Document:
        """The token answer for a callback's one-time code.

        Raises ClientRejected, Refused (bad, used or expired code), Unavailable, OutcomeUnknown.
        """

    @abstractmethod
    async def refresh(self, refresh_token: str) -> Document:
        """The token answer for a refresh token.

        Raises Unavailable when nothing was sent, its subclass ServerFault when Zid answered
        5xx or 429, ClientRejected, Refused, and OutcomeUnknown when it was sent and the
        answer was lost.
        """


class TokenSource(Protocol):
    """Where a caller of Zid gets tokens from, and says that they no longer work."""

    @abstractmethod
    async def current(self, store_id: StoreId) -> TokenSet:
        """The tokens to use now. Raises NeedsReauthorization."""

    @abstractmethod
    async def renew(self, seen: TokenSet) -> TokenSet:
        """Tokens newer than the ones that Zid refused; exchanges at most once fleet-wide per generation.

        Raises NeedsReauthorization, RefreshInProgress, Unavailable, ClientRejected.
        """

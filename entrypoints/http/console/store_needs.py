"""What a store needs of a person next, most urgent first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from core.domain.backfill import BackfillState, BackfillStatus
from core.domain.erasures import Erasure, ErasureKind
from core.domain.stores import Install, InstallState
from core.domain.webhook_states import SICK, WebhookCheck
from core.ports.token_status import TokenStatus

SOON: Final = timedelta(days=14)
"""Tokens that are to expire within this were to be renewed long ago."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the needs follow from."""

    install: Install
    tokens: TokenStatus | None
    check: WebhookCheck | None
    backfills: Sequence[BackfillStatus]
    erasures: Sequence[Erasure]
    dead: int
    expires_in: timedelta | None


def needs_of(known: Known) -> Sequence[str]:
    """Their names; none where all is well."""
    if any(one.kind is ErasureKind.STORE and one.finished_at is None for one in known.erasures):
        return ["being_erased"]
    match known.install.state:
        case InstallState.UNINSTALLED:
            return ["install_again"]
        case InstallState.NEEDS_REAUTHORIZATION:
            return ["authorize_again", *_of_work(known)]
        case InstallState.ACTIVE:
            return [*_of_tokens(known), *_of_webhooks(known), *_of_work(known)]


def _of_tokens(known: Known) -> Iterator[str]:
    if known.tokens is None:
        return
    if known.tokens.in_doubt_since:
        yield "renewal_in_doubt"
    elif known.tokens.failures:
        yield "renewal_fails"
    elif known.expires_in is not None and known.expires_in < SOON:
        yield "expires_soon"


def _of_webhooks(known: Known) -> Iterator[str]:
    if known.check and (known.check.problems or SICK.intersection(known.check.states.values())):
        yield "webhooks"


def _of_work(known: Known) -> Iterator[str]:
    if known.install.paused_at:
        yield "resume"
    if any(one.state is BackfillState.FAILED for one in known.backfills):
        yield "backfill"
    if known.dead:
        yield "dead_letters"

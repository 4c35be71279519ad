"""Taking in a webhook: recognise it, write it down, answer. Nothing genuine is ever refused."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from core.domain.documents import as_document
from core.domain.entities.catalogue import recognise
from core.domain.event_states import EventState
from core.domain.events import Delivery, Receipt, WorkItem, WorkKind, dedupe_key, dedupe_period
from core.domain.secret import Secret, same
from core.domain.topics import ZID_TOPICS
from core.domain.webhook_address import Addressee, credentials_hold, read_install_token
from core.errors import UnknownShape
from core.features.note_gaps import NoteGaps
from core.ids import Entity, EventId, StoreId
from core.ports.event_ledger import Inbox
from core.ports.system import Clock, Ids
from core.ports.work_index import Announcer

REMEMBERED: Final = 4096
"""Installs whose last proof is kept, about 1 KB each."""


@dataclass(frozen=True, slots=True)
class Oversize:
    """A body that was too large to keep: its size in bytes and its SHA-256."""

    size: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class IncomingWebhook:
    """A request as it arrived. `authorization` is the raw header; `body` is empty when `oversize` is set."""

    install_token: str
    topic: str
    authorization: str | None
    body: bytes
    oversize: Oversize | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """Durable, in the ledger or in the spool: answer 200."""

    event_id: EventId
    store_id: StoreId
    receipt: Receipt
    state: EventState
    reason: str | None


@dataclass(frozen=True, slots=True)
class NotOurs:
    """No install has this address: answer 404."""


@dataclass(frozen=True, slots=True)
class WrongCredentials:
    """The address is ours, the Basic credentials are not: answer 401."""

    store_id: StoreId


@dataclass(frozen=True, slots=True)
class _Proof:
    """An install, and the header that proved a delivery to be its."""

    addressee: Addressee
    authorization: str


class IngestWebhook:
    """Every genuine delivery ends in the ledger, whatever its topic, shape or size."""

    def __init__(
        self,
        *,
        inbox: Inbox,
        announcer: Announcer,
        clock: Clock,
        ids: Ids,
        secrets: tuple[Secret, ...],
        dedupe_days: int,
        decode: Callable[[bytes], object],
        gaps: NoteGaps,
    ) -> None:
        self._inbox = inbox
        self._announcer = announcer
        self._clock = clock
        self._ids = ids
        self._secrets = secrets
        self._dedupe_days = dedupe_days
        self._decode = decode
        self._gaps = gaps
        self._proofs: dict[str, _Proof] = {}

    async def receive(self, incoming: IncomingWebhook) -> Received | NotOurs | WrongCredentials:
        """Returns after the delivery is durable. Raises Unavailable when it could not be kept: turn it away."""
        addressee = self.recognise(incoming.install_token, incoming.authorization)
        if not isinstance(addressee, Addressee):
            return addressee
        delivery = self._write_down(addressee, incoming)
        receipt = await self._inbox.accept(delivery)
        if receipt is Receipt.ACCEPTED and delivery.state is EventState.QUEUED:
            self._announcer.announce([WorkItem(WorkKind.EVENT, str(delivery.event_id), delivery.store_id)])
        return Received(delivery.event_id, delivery.store_id, receipt, delivery.state, delivery.reason)

    def recognise(self, install_token: str, authorization: str | None) -> Addressee | NotOurs | WrongCredentials:
        """Whom a genuine delivery is for. Reads nothing: it may be asked before the body is.

        Who proves to be genuine is remembered, nobody else: the next time the same proof is only compared.
        """
        proof = self._proofs.get(install_token)
        if proof is not None and authorization is not None and same(proof.authorization, authorization):
            return proof.addressee
        addressee = read_install_token(self._secrets, install_token)
        if addressee is None:
            return NotOurs()
        if authorization is None or not _genuine(self._secrets, addressee, authorization):
            return WrongCredentials(addressee.store_id)
        self._remember(install_token, _Proof(addressee, authorization))
        return addressee

    def _remember(self, install_token: str, proof: _Proof) -> None:
        if len(self._proofs) >= REMEMBERED:
            self._proofs.clear()
        self._proofs[install_token] = proof

    def turn_away(self, install_token: str, topic: str, authorization: str | None, cause: str) -> StoreId | None:
        """It will be answered 429. Where it is genuine its change must be read from Zid: a gap is noted.

        The store that its address names.
        """
        addressee = self.recognise(install_token, authorization)
        if isinstance(addressee, Addressee):
            self._gaps.note(addressee, topic, cause)
        return addressee.store_id if not isinstance(addressee, NotOurs) else None

    def _write_down(self, addressee: Addressee, incoming: IncomingWebhook) -> Delivery:
        entity, reason = self._recognise(incoming)
        content = incoming.oversize.digest if incoming.oversize else incoming.body
        return Delivery(
            event_id=self._ids.event_id(),
            store_id=addressee.store_id,
            install_id=addressee.install_id,
            topic=incoming.topic,
            body=incoming.body,
            received_at=self._clock.now(),
            dedupe_key=dedupe_key(addressee.store_id, addressee.install_id, incoming.topic, content),
            keep_for=dedupe_period(incoming.topic, self._dedupe_days),
            entity=entity,
            state=EventState.DEAD if reason else EventState.QUEUED,
            reason=reason,
        )

    def _recognise(self, incoming: IncomingWebhook) -> tuple[Entity | None, str | None]:
        """What it is about, or why it cannot be handled."""
        if incoming.oversize:
            size, digest = incoming.oversize.size, incoming.oversize.digest.hex()
            return None, f"body of {size} bytes is over WEBHOOK_MAX_BYTES; sha256 {digest}"
        topic = ZID_TOPICS.get(incoming.topic)
        if topic is None:
            return None, "unknown topic"
        try:
            return recognise(topic.kind, as_document(self._decode(incoming.body))), None
        except UnknownShape as error:
            return None, error.reason
        except ValueError:
            return None, "not JSON"


def _genuine(ring: tuple[Secret, ...], addressee: Addressee, authorization: str) -> bool:
    """Whether the header is `Basic` with this install's credentials."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        username, _, given = b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (Base64Error, UnicodeDecodeError):
        return False
    return credentials_hold(ring, addressee, username, given)

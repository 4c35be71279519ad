"""A dead letter as a pytest file: the handler, the body, and nothing else of the service."""

from __future__ import annotations

import json
import pprint
import re
from collections.abc import Sequence
from dataclasses import dataclass
from string import Template
from typing import Final

from core.domain.audit import AuditEntry
from core.domain.event_states import EventState
from core.domain.masking import masked, masked_text
from core.ports.ledger_reading import EventDetail
from entrypoints.failures import CommandFailed

WARNING: Final = (
    "It holds personal data of a merchant's customers: keep it out of repositories, and delete it after use."
)
MASKED: Final = "People were made unrecognisable; look it through before it leaves this machine."
LONGEST_LINE: Final = 110
_NOT_A_WORD: Final = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True)
class Exported:
    """What goes into the file. `handler` is empty for what died before any handler had it."""

    detail: EventDetail
    handler: str
    reason: str | None
    modules: Sequence[str]
    mask: bool

    @property
    def name(self) -> str:
        return f"test_dead_letter_{self.detail.summary.event_id.hex}"


def choose(detail: EventDetail, handler: str | None, modules: tuple[str, ...], *, mask: bool) -> Exported:
    """The dead run of the handler; of the only one where none is named. Raises CommandFailed."""
    if detail.body is None:
        raise CommandFailed(f"the body of event {detail.summary.event_id} is gone: its retention is over")
    dead = {run.handler: run.reason for run in detail.runs if run.state is EventState.DEAD}
    if not dead and handler is None:
        return Exported(detail, "", detail.summary.reason, modules, mask)
    if handler is None and len(dead) == 1:
        [handler] = dead
    if handler not in dead:
        raise CommandFailed(f"name one with --handler: {', '.join(sorted(dead)) or 'no handler'} gave up on this event")
    if not modules:
        raise CommandFailed("WASL_HANDLERS: is not set, so nobody knows where the handler is")
    return Exported(detail, handler, dead[handler], modules, mask)


def entry_of(exported: Exported, actor: str, request_id: str | None = None) -> AuditEntry:
    """What the audit keeps of it."""
    summary = exported.detail.summary
    details: dict[str, str | int | bool | None] = {
        "event_id": str(summary.event_id),
        "handler": exported.handler,
        "masked": exported.mask,
    }
    return AuditEntry("dead_letter.exported", summary.store_id, summary.install_id, actor, request_id, details)


_HEAD: Final = Template('''"""Dead letter $event_id: $who gave up on $topic.

$warning
Run it where the app's handlers can be imported: python -m pytest $name.py
"""

$reason
$imports
BODY = $body


''')

_HANDLER_IMPORTS: Final = """
import asyncio
import json
from datetime import datetime
from uuid import UUID

from adapters.memory.testing.hands import batch_context, context_for
from config.handlers import load_handlers
from core.domain.event_states import Origin
from core.features.event_handlers import Event, Handler, Outcome, Retry
from core.ids import EntityKind, StoreId
"""
_HANDLER_TEST: Final = Template("""def test_the_handler_copes() -> None:
    handler = load_handlers($modules).find($handler, $topic)
    assert handler is not None, "the app has no such handler any more"
    event = Event(
        id=UUID($event_id),
        topic=$topic,
        store_id=StoreId($store_id),
        entity_kind=EntityKind($entity_kind),
        entity_id=$entity_id,
        data=json.loads(BODY),
        origin=Origin($origin),
        received_at=datetime.fromisoformat($received_at),
        stale=$stale,
    )
    outcome = asyncio.run(call(handler, event))
    assert not isinstance(outcome, Retry), f"asks to be tried again: {outcome.reason}"


async def call(handler: Handler, event: Event) -> Outcome:
    if handler.batch is not None:
        return await handler.call([event], batch_context(handler=handler.name))
    ctx = context_for(event, handler=handler.name)  # what Zid answers: ctx.script.on(GetOrder, order)
    return await handler.call([event], ctx)
""")

_READING_IMPORTS: Final = """
import json

from core.domain.documents import as_document
from core.domain.entities.catalogue import READERS, recognise, unwrap
from core.domain.topics import ZID_TOPICS
"""
_READING_TEST: Final = Template("""def test_the_body_can_be_read() -> None:
    topic = ZID_TOPICS.get($topic)
    assert topic is not None, "unknown topic"
    document = as_document(json.loads(BODY))
    entity = recognise(topic.kind, document)
    if entity.kind in READERS:
        READERS[entity.kind](unwrap(entity.kind, document))
""")


def render_test(exported: Exported) -> str:
    """The whole file. It fails as the letter did, and passes when the cause is mended."""
    imports, test = (_HANDLER_IMPORTS, _HANDLER_TEST) if exported.handler else (_READING_IMPORTS, _READING_TEST)
    summary = exported.detail.summary
    head = _HEAD.substitute(
        event_id=summary.event_id,
        who=_word(exported.handler or "Wasl"),
        topic=_word(summary.topic),
        warning=MASKED if exported.mask else WARNING,
        name=exported.name,
        reason=_comment(exported),
        imports=imports,
        body=_body(exported),
    )
    return head + test.safe_substitute(
        modules=repr(list(exported.modules)),
        handler=repr(exported.handler),
        topic=repr(summary.topic),
        event_id=repr(str(summary.event_id)),
        store_id=summary.store_id,
        entity_kind=repr(summary.entity_kind.value if summary.entity_kind else ""),
        entity_id=repr(summary.entity_id),
        origin=repr(summary.origin.value),
        received_at=repr(summary.received_at.isoformat()),
        stale=summary.stale,
    )


def _word(text: str) -> str:
    """A name for the docstring, which nothing in a name may end."""
    return _NOT_A_WORD.sub("_", text)


def _comment(exported: Exported) -> str:
    """The reason; what is no printable character would end the comment."""
    reason = masked_text(exported.reason or "") if exported.mask else exported.reason or ""
    return "".join(f"# {line}\n" for line in _printable(reason).splitlines()) or "# no reason was kept\n"


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _body(exported: Exported) -> str:
    """The body as a literal: indented JSON where it is JSON, else as it came."""
    body = exported.detail.body or b""
    try:
        document = json.loads(body)
    except ValueError:
        return pprint.pformat(body, width=LONGEST_LINE)
    if exported.mask:
        document = masked(document, exported.detail.summary.entity_kind)
    readable = json.dumps(document, ensure_ascii=False, indent=4)
    fits = "'''" not in readable and "\\" not in readable and readable.replace("\n", "").isprintable()
    return f"'''{readable}'''" if fits else repr(json.dumps(document))

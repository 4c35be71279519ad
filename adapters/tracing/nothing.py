"""No traces: one span that forgets everything, for nearly nothing."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from core.domain.tracing import Attribute, SpanName, Value
from core.ports.tracing import Span, Tracer


class _Nothing(Span):
    def note(self, attribute: Attribute, value: Value) -> None:
        pass

    def fail(self, kind: str) -> None:
        pass


_NOWHERE: Final[AbstractContextManager[Span]] = nullcontext(_Nothing())


class NoTracer(Tracer):
    """For installations without a collector."""

    @property
    def records(self) -> bool:
        return False

    def span(
        self,
        name: SpanName,  # noqa: ARG002 - it forgets everything
        *,
        parent: str | None = None,  # noqa: ARG002
        attributes: Mapping[Attribute, Value] | None = None,  # noqa: ARG002
    ) -> AbstractContextManager[Span]:
        return _NOWHERE

    def record(self, name: SpanName, *, parent: str, seconds: float, attributes: Mapping[Attribute, Value]) -> None:
        pass

    def current(self) -> str | None:
        return None

"""Saying what took how long, and as part of what, across processes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

from core.domain.tracing import Attribute, SpanName, Value


class Span(Protocol):
    """Something that is being timed. Never raises."""

    @abstractmethod
    def note(self, attribute: Attribute, value: Value) -> None:
        """Says something more about it; a later value replaces an earlier one."""

    @abstractmethod
    def fail(self, kind: str) -> None:
        """It failed, with an error of this kind: a class or an outcome, never a message."""


@runtime_checkable
class Tracer(Protocol):
    """Times work. Never raises, and never keeps anybody waiting for who collects the spans."""

    @property
    @abstractmethod
    def records(self) -> bool:
        """Whether anything is kept at all; where not, whoever would have to work for a span may leave it out."""

    @abstractmethod
    def span(
        self, name: SpanName, *, parent: str | None = None, attributes: Mapping[Attribute, Value] | None = None
    ) -> AbstractContextManager[Span]:
        """A span from here to the end of the block, current inside it.

        It goes on the trace of `parent`, a traceparent, or else that of the current span, or begins one.
        An exception that leaves the block is noted by its class, and passes.
        """

    @abstractmethod
    def record(self, name: SpanName, *, parent: str, seconds: float, attributes: Mapping[Attribute, Value]) -> None:
        """A span below `parent` that took so long until now, and was never current."""

    @abstractmethod
    def current(self) -> str | None:
        """The current span as a traceparent, sampled or not; None outside of any."""

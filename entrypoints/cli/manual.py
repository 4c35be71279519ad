"""A command's help as a page of a manual: what it does, its options, examples, exit codes, and where to read on."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from typer._click import Context, HelpFormatter
from typer.core import TyperCommand

EXITS: Final[Mapping[int, str]] = MappingProxyType(
    {0: "done", 1: "failed: one line on stderr names the cause and the fix", 2: "called wrongly: nothing was done"}
)
EXAMPLE: Final = "Example: "
EXIT: Final = "Exit "
SEE_ALSO: Final = "See also: "


def manual(*examples: str, exits: Mapping[int, str] | None = None, see: Sequence[str] = ()) -> str:
    """An epilog that `Manual` shows as sections: the examples, how it may end (over `EXITS`), what to read besides."""
    told = [f"{EXIT}{code}: {meaning}" for code, meaning in (exits or {}).items()]
    return "\n".join([*(f"{EXAMPLE}{one}" for one in examples), *told, *([SEE_ALSO + ", ".join(see)] if see else [])])


class Manual(TyperCommand):
    """A command whose epilog is made of such lines; other lines of an epilog are shown as they are."""

    def format_epilog(self, ctx: Context, formatter: HelpFormatter) -> None:  # noqa: ARG002 (click's signature)
        lines = inspect.cleandoc(self.epilog or "").splitlines()
        with formatter.section("Examples"):
            for example in _after(EXAMPLE, lines):
                formatter.write(f"{'':>{formatter.current_indent}}{example}\n")
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in sorted(_exits(lines).items())])
        if see := ", ".join(_after(SEE_ALSO, lines)):
            with formatter.section("See also"):
                formatter.write_text(see)


def _exits(lines: Sequence[str]) -> Mapping[int, str]:
    own = (line.partition(": ") for line in _after(EXIT, lines))
    return {**EXITS, **{int(code): meaning for code, _, meaning in own}}


def _after(head: str, lines: Sequence[str]) -> Iterator[str]:
    return (line.removeprefix(head) for line in lines if line.startswith(head))

"""The documents that users read, taken apart: their blocks of code and the commands they name."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = (ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md")))
BLOCK = re.compile(r"(?:<!-- not run: (?P<reason>[^>]+?) -->\n+)?^```(?P<language>\w*)\n(?P<text>.*?)^```", re.M | re.S)
INLINE = re.compile(r"`(wasl [a-z][^`\n]*)`")
LANGUAGES = {"", "text", "sh", "python", "sql", "json", "yaml", "ini", "toml", "mermaid", "http", "promql"}
"""`sh` and `python` are executed, but for those with a reason why not; the others show what somebody sees."""


@dataclass(frozen=True)
class Block:
    """One fenced block; `reason` is why it is not run, from the comment right above it."""

    document: str
    number: int
    language: str
    text: str
    reason: str | None

    def __str__(self) -> str:
        return f"{self.document}-{self.number}"


def blocks() -> Iterator[Block]:
    for path in DOCUMENTS:
        name = str(path.relative_to(ROOT))
        for number, found in enumerate(BLOCK.finditer(path.read_text(encoding="utf-8")), start=1):
            yield Block(name, number, found["language"], found["text"], found["reason"])


def commands() -> Iterator[tuple[str, str]]:
    """Every `wasl …` in the running text, and every line of a block that begins with it, without its comment."""
    for path in DOCUMENTS:
        name, text = str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
        prose = BLOCK.sub("", text)
        yield from ((name, found) for found in INLINE.findall(prose))
    for block in blocks():
        for line in block.text.replace("\\\n", " ").splitlines():
            if found := re.match(r"(?:\$ )?(wasl [a-z].*)", line):
                yield block.document, re.split(r"\s{2,}#|\s[|>&]", found[1])[0].strip()

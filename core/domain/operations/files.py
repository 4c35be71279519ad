"""Files that are sent to Zid."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Upload:
    """A file with the name and type Zid is told."""

    name: str
    content: bytes = field(repr=False)
    content_type: str = "application/octet-stream"

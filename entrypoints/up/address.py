"""The PUBLIC_URL of the run before: webhooks go to the address they were subscribed with."""

from __future__ import annotations

from pathlib import Path
from typing import Final

FILE_NAME: Final = "public-url"


def last_address(data_dir: Path) -> str | None:
    """The PUBLIC_URL of the run before, if there was one."""
    path = data_dir / FILE_NAME
    return path.read_text(encoding="utf-8").strip() if path.is_file() else None


def remember_address(data_dir: Path, url: str) -> None:
    (data_dir / FILE_NAME).write_text(f"{url}\n", encoding="utf-8")

"""Pictures of pages, kept where SCREENSHOTS names a directory and nowhere else."""

import os
from pathlib import Path

from playwright.sync_api import Page


def keep(page: Page, name: str) -> None:
    """The whole page as <name>.png; name it after page, language and theme, as `overview-ar-dark`."""
    folder = os.environ.get("SCREENSHOTS")
    if not folder:
        return
    path = Path(folder) / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path, full_page=True)

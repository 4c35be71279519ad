"""A real browser on a real `wasl up`. Chromium is the one that CHROMIUM names, the system's, or Playwright's own."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.acceptance.story import Service
from tests.acceptance.wasl_up import running

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium_path(playwright: Playwright) -> str | None:
    """Where a Chromium is, or None."""
    given = os.environ.get("CHROMIUM")
    for name in (given, *NAMES) if given else NAMES:
        if found := shutil.which(name):
            return found
    own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


# Not for the whole session: while Playwright's synchronous API is open, no other event loop runs in this thread.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = chromium_path(playwright)
        if path is None:
            missing = "no Chromium: install it, or name one in CHROMIUM"
            pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
        # Without a sandbox of its own, because it refuses to make one when run as root. Cookies of frames of other
        # sites are blocked, as browsers do more and more.
        options = ["--no-sandbox", "--disable-dev-shm-usage", "--test-third-party-cookie-phaseout"]
        browser = playwright.chromium.launch(executable_path=path, args=options)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """Everything, without the demo: what happens here is what the tests do."""
    with running("--no-demo") as up:
        yield Service(up)

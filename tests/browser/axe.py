"""What axe-core finds wrong with a page, for people who see, hear or move differently."""

import json
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from playwright.sync_api import Page

VENDOR: Final = Path(__file__).parent / "vendor"
RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ASK: Final = """async (tags) => {
    const found = await axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] });
    return found.violations.map((one) => [one.id, one.help, one.nodes.map((node) => `${node.target.join(' ')}: ${
        node.any.concat(node.all, node.none).map((check) => check.message).join('; ')}`)]);
}"""


@cache
def _axe() -> str:
    """The published file, and no other."""
    text = (VENDOR / "axe.min.js").read_bytes()
    known = json.loads((VENDOR / "versions.json").read_text())["axe.min.js"]["sha256"]
    assert sha256(text).hexdigest() == known
    return text.decode()


def violations(page: Page) -> Sequence[str]:
    """One line per rule of WCAG 2.2 AA (and axe's best practices) that the page breaks, with the places; best empty."""
    # What fades in is not judged half way.
    page.evaluate("() => document.getAnimations().forEach((one) => { try { one.finish() } catch { one.cancel() } })")
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_axe())
    return [f"{rule}: {text}: {' | '.join(places[:5])}" for rule, text, places in page.evaluate(ASK, RULES)]

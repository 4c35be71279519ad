"""What every page promises: both languages say the same things, and everybody can read the colours."""

import json
import re
from collections import Counter
from hashlib import sha256
from itertools import product
from pathlib import Path

import pytest

import entrypoints.http.pages
from core.domain.event_states import EventState, Origin
from core.domain.stores import InstallState
from core.features.install_store import BadStateReason
from core.ids import EntityKind
from entrypoints.http.install_pages import _WHY
from entrypoints.http.pages.language import Language
from entrypoints.http.pages.texts import PARTS, TEXTS, Texts

PAGES = Path(entrypoints.http.pages.__file__).parent
VENDORED = PAGES / "static" / "vendor"
CSS = (PAGES / "static" / "wasl.css").read_text()
AA = 4.5

ON = {
    "ground": ("ink", "muted", "accent"),
    "surface": ("ink", "muted", "accent", "bad", "good"),
    "accent": ("on-accent",),
    "good-soft": ("good",),
    "warn-soft": ("warn",),
    "bad-soft": ("bad",),
    "calm-soft": ("calm",),
    "quiet-soft": ("ink",),
    "fresh": ("ink", "muted"),
}
"""Which colours are written on which."""


def palette(scheme: str) -> dict[str, str]:
    """The colours of one scheme: each is one for both, or `light-dark(…)`."""
    root = CSS[: CSS.index("* {")]
    both = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", root)
    same = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", root))
    return same | {name: light if scheme == "light" else dark for name, light, dark in both}


def luminance(colour: str) -> float:
    """WCAG 2's relative luminance."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("scheme", "ground", "text"),
    [(scheme, ground, text) for scheme, (ground, texts) in product(("light", "dark"), ON.items()) for text in texts],
)
def test_text_has_enough_contrast(scheme: str, ground: str, text: str) -> None:
    colours = palette(scheme)
    lighter, darker = sorted((luminance(colours[ground]), luminance(colours[text])), reverse=True)

    assert (lighter + 0.05) / (darker + 0.05) >= AA


def test_both_languages_say_something_everywhere() -> None:
    for key, (english, arabic) in TEXTS.items():
        assert english.strip(), key
        assert arabic.strip(), key
        assert key == "switch" or not re.search(r"[\u0600-\u06ff]", english), key
        if key not in {"switch", "time"}:
            assert re.search(r"[\u0600-\u06ff]", arabic), key


def test_every_state_and_kind_has_a_word() -> None:
    t = Texts(Language.ARABIC)
    for prefix, words in (
        ("state", EventState),
        ("store", InstallState),
        ("origin", Origin),
        ("entity", EntityKind),
    ):
        for word in words:
            assert t(f"{prefix}.{word.value}")
    for reason in BadStateReason:
        assert t(_WHY[reason])


NAMED = re.compile(r"""\bt\(\s*["']([\w.]+)["']\s*[,)]""")
BEGUN = re.compile(r"""\bt\(\s*["']([\w.]+\.)["']\s*~""")


def test_every_text_that_templates_name_exists() -> None:
    for template in (PAGES / "templates").rglob("*.html"):
        for key in NAMED.findall(template.read_text()):
            assert key in TEXTS, (template.name, key)
        for begin in BEGUN.findall(template.read_text()):
            assert any(key.startswith(begin) for key in TEXTS), (template.name, begin)


def test_no_text_stands_in_two_modules() -> None:
    found = Counter(key for part in PARTS for key in part.TEXTS)
    assert [key for key, times in found.items() if times > 1] == []


def test_both_languages_are_given_the_same_values() -> None:
    for key, (english, arabic) in TEXTS.items():
        assert set(VALUES.findall(english)) == set(VALUES.findall(arabic)), key


VALUES = re.compile(r"\{(\w+)\}")


def test_nothing_comes_from_elsewhere() -> None:
    ours = [path for path in PAGES.rglob("*") if path.suffix in {".css", ".js", ".html", ".svg"}]
    for path in ours:
        if path.parent != VENDORED:
            assert not re.search(r"(?:https?:)?//(?!www\.w3\.org)[a-z]", path.read_text()), path.name


def test_what_is_vendored_is_what_was_published() -> None:
    """Each file with its package, version and checksum, and the licence beside it; nothing else lies there."""
    versions = json.loads((VENDORED / "versions.json").read_text())
    for name, known in versions.items():
        assert sha256((VENDORED / name).read_bytes()).hexdigest() == known["sha256"], name
        assert (VENDORED / known["license"]).stat().st_size > 400
    licences = {known["license"] for known in versions.values()}
    assert {path.name for path in VENDORED.iterdir()} == {*versions, *licences, "versions.json"}

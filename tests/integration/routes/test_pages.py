"""What every page promises: both languages say the same things, and everybody can read the colours."""

import re
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
from entrypoints.http.pages.texts import TEXTS, Texts

PAGES = Path(entrypoints.http.pages.__file__).parent
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
    light, _, rest = CSS.partition("@media (prefers-color-scheme: dark)")
    dark = rest[: rest.index("* {")]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", light))
    return colours | (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", dark)) if scheme == "dark" else {})


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


def test_every_text_that_templates_name_exists() -> None:
    for template in (PAGES / "templates").glob("*.html"):
        for key in re.findall(r"""\bt\(["']([\w.]+)["']\)""", template.read_text()):
            assert key in TEXTS, (template.name, key)


def test_nothing_comes_from_elsewhere() -> None:
    for path in (*PAGES.rglob("*.css"), *PAGES.rglob("*.js"), *PAGES.rglob("*.html")):
        assert not re.search(r"(?:https?:)?//(?!www\.w3\.org)[a-z]", path.read_text()), path.name

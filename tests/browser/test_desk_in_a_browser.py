"""Events and dead letters as a person finds, reads and mends them: by keyboard alone, in both languages, live."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect
from playwright.sync_api import TimeoutError as NotYet

from tests.acceptance.story import Service
from tests.acceptance.wasl_up import running
from tests.browser.axe import violations
from tests.browser.screenshots import keep
from tests.eventually import eventually

DESKTOP, PHONE = (1280, 900), (390, 844)
WAIT = 60_000
"""Milliseconds that something may take to be seen."""
LETTERS = 12
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
OWN_TEXT = """() => {
    const one = document.activeElement;
    return one.matches('a, button, summary') ? one.textContent.trim() : '';
}"""


@dataclass
class Scene:
    """A service whose app has a mistake, a store with orders that died of it, and the file that mends it."""

    service: Service
    store_id: int
    mended: Path

    @property
    def url(self) -> str:
        return self.service.up.url

    def dead(self) -> int:
        return int(self.service.books().get("dead", 0))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    mended = tmp_path_factory.mktemp("app") / "mended"
    mended.parent.chmod(0o755)
    with running("--no-demo", WASL_HANDLERS="tests.acceptance.apps.mendable", MENDED=str(mended)) as up:
        service = Service(up)
        store_id = service.quiet_store(products=1)
        scene = Scene(service, store_id, mended)
        service.sandbox.trigger(store_id, "order.create", count=LETTERS)
        assert eventually(lambda: scene.dead() == LETTERS, seconds=120), service.books()
        yield scene


@pytest.fixture(scope="module")
def visitors(chromium: Browser, scene: Scene) -> dict[str, Page]:
    """A page of somebody who is signed in, by language; signing in is dear."""
    return {language: _signed_in(chromium, scene, language) for language in ("en", "ar")}


def _signed_in(chromium: Browser, scene: Scene, language: str) -> Page:
    page = chromium.new_context(viewport={"width": 1280, "height": 900}, locale=language).new_page()
    page.set_default_timeout(WAIT)
    expect.set_options(timeout=WAIT)
    page.goto(f"{scene.url}/console/login?lang={language}")
    page.locator("input[name=key]").fill(scene.service.up.admin_key)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console")
    return page


@pytest.fixture
def quiet(visitors: dict[str, Page]) -> Iterator[None]:
    """No page may have complained, such as about a policy that was broken."""
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and "status of 4" not in message.text:
            complaints.append(f"{message.text} {message.location}")

    for page in visitors.values():
        page.on("console", note)
    yield
    for page in visitors.values():
        page.remove_listener("console", note)
    assert not complaints


def visit(page: Page, scene: Scene, path: str) -> None:
    page.goto(scene.url + path)


def first_event(page: Page) -> Locator:
    return page.locator("tr[data-id] a").first


def dead_pages(page: Page, scene: Scene) -> list[tuple[str, str]]:
    """Names and addresses of the pages that there are, found by following links."""
    visit(page, scene, "/console/dead")
    group = page.locator("tr[data-fingerprint] a").first.get_attribute("href")
    visit(page, scene, "/console/events?state=dead")
    event = first_event(page).get_attribute("href")
    return [
        ("events", "/console/events"),
        ("events-wrong", "/console/events?store_id=abc"),
        ("events-nothing", "/console/events?topic=cart.none"),
        ("event-dead", event),
        ("dead", "/console/dead"),
        ("dead-group", f"{group}?dry_run=true"),
        ("dead-jobs", "/console/dead/jobs"),
    ]


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(("language", "scheme", "other"), [("en", "light", "dark"), ("ar", "dark", "light")])
def test_every_page_reads_for_everybody(
    scene: Scene, visitors: dict[str, Page], language: str, scheme: str, other: str
) -> None:
    page = visitors[language]
    for name, path in dead_pages(page, scene):
        visit(page, scene, path)
        assert page.locator("html").get_attribute("dir") == ("rtl" if language == "ar" else "ltr")
        page.emulate_media(color_scheme=other)
        keep(page, f"{name}-{language}-{other}")
        page.emulate_media(color_scheme=scheme)
        keep(page, f"{name}-{language}-{scheme}")
        assert list(violations(page)) == [], name
        page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        assert page.evaluate(OVERFLOW) <= 0, name
        keep(page, f"{name}-{language}-{scheme}-phone")
        page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})


@pytest.mark.usefixtures("quiet")
def test_filters_are_kept_and_say_what_is_wrong(scene: Scene, visitors: dict[str, Page]) -> None:
    page = visitors["en"]
    visit(page, scene, "/console/events")
    page.get_by_label("Store number").fill("abc")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_text("in digits alone")).to_be_visible()
    page.get_by_label("Store number").fill(str(scene.store_id))
    page.get_by_label("Topic").fill("order.create")
    page.get_by_label("State").select_option("dead")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("tr[data-id]")).to_have_count(LETTERS)
    expect(page.get_by_label("Topic")).to_have_value("order.create")
    expect(page.get_by_label("State")).to_have_value("dead")
    page.get_by_role("link", name="Clear").click()
    expect(page.get_by_label("Topic")).to_have_value("")


@pytest.mark.usefixtures("quiet")
def test_the_list_is_live_and_can_be_paused(scene: Scene, visitors: dict[str, Page]) -> None:
    page = visitors["ar"]
    visit(page, scene, "/console/events?topic=product.update")
    page.get_by_role("link", name="متابعة مباشرة").click()
    status = page.locator("[data-live-text]")
    expect(status).to_have_text("مباشر")
    rows = page.locator("tr[data-id]")
    before = rows.count()
    scene.service.sandbox.trigger(scene.store_id, "product.update")
    expect(rows).to_have_count(before + 1, timeout=WAIT)
    assert list(violations(page)) == []
    keep(page, "events-tail-ar")
    page.locator("[data-live-pause]").click()
    expect(page.locator("[data-live-state=paused]")).to_be_visible()
    page.locator("[data-live-pause]").click()
    expect(status).to_have_text("مباشر", timeout=WAIT)


@pytest.mark.usefixtures("quiet")
def test_one_event_is_replayed_exported_and_discarded(scene: Scene, visitors: dict[str, Page]) -> None:
    page = visitors["en"]
    visit(page, scene, "/console/events?state=dead")
    first_event(page).click()
    expect(page.get_by_text("KeyError").first).to_be_visible()
    original = page.url
    page.get_by_role("button", name="Handle again as a new event").click()
    expect(page.get_by_text("Queued as a new event")).to_be_visible()
    assert page.url != original
    keep(page, "event-replayed-en")

    page.goto(original)
    page.get_by_text("Export as a test").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert "def test_the_handler_copes" in Path(download.value.path()).read_text()

    page.locator("summary", has_text="Discard").click()
    page.get_by_label("Reason, kept with the event").fill("a test of ours")
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("Discarded.")).to_be_visible()
    expect(page.locator("#handlers").get_by_text("a test of ours")).to_be_visible()


def press_until(page: Page, wanted: str, key: str = "Tab") -> None:
    """Moves the focus on until it is on something of this text or name."""
    for _ in range(200):
        page.keyboard.press(key)
        if re.search(wanted, page.evaluate(OWN_TEXT)):
            return
    raise AssertionError(f"the keyboard does not reach {wanted!r}")


def to_dead_letters(page: Page) -> None:
    """By its shortcut: two keys that belong together within a moment, so a slow machine tries again."""
    for _ in range(10):
        page.keyboard.press("g")
        page.keyboard.press("d")
        with suppress(NotYet):
            page.wait_for_url("**/console/dead", timeout=6000)
            return
    raise AssertionError("the shortcut leads nowhere")


@pytest.mark.usefixtures("quiet")
def test_a_discard_of_many_wants_their_number(scene: Scene, visitors: dict[str, Page]) -> None:
    page = visitors["ar"]
    visit(page, scene, "/console/dead")
    page.locator("tr[data-fingerprint] a").first.click()
    page.locator("#discard-form summary").click()
    page.get_by_label("السبب، يُحفظ مع الحدث").fill("تجربة")
    page.locator("#discard-form-typed").fill("1")
    page.locator("#discard-form button").click()
    expect(page.get_by_text("هذا ليس عددها الآن")).to_be_visible()
    assert list(violations(page)) == []
    keep(page, "dead-group-mistyped-ar")


@pytest.mark.usefixtures("quiet")
def test_by_keyboard_alone_a_cause_is_found_understood_and_redriven(scene: Scene, visitors: dict[str, Page]) -> None:
    page = visitors["en"]
    visit(page, scene, "/console")
    to_dead_letters(page)
    press_until(page, "KeyError")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Why they died")).to_be_visible()
    expect(page.get_by_text("shop.greet").first).to_be_visible()
    expect(page.get_by_text("Traceback (most recent call last)")).to_be_visible()

    scene.mended.touch()
    press_until(page, "Dry run")
    page.keyboard.press("Enter")
    expect(page.get_by_text("can be handled")).to_be_visible()
    press_until(page, "^Redrive")
    keep(page, "dead-group-keyboard-en")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/dead/jobs/*")
    keep(page, "dead-job-begun-en")
    expect(page.locator("[data-job-state=done]")).to_be_visible(timeout=WAIT)
    assert list(violations(page)) == []
    keep(page, "dead-job-done-en")
    assert eventually(lambda: scene.dead() == 0, seconds=60)

    to_dead_letters(page)
    expect(page.get_by_text("No event is dead.")).to_be_visible()
    keep(page, "dead-none-en")
    assert list(violations(page)) == []
    visit(visitors["ar"], scene, page.url.removeprefix(scene.url) + "/jobs/1")
    keep(visitors["ar"], "dead-job-done-ar")
    assert list(violations(visitors["ar"])) == []


def test_without_a_script_everything_reads(scene: Scene, chromium: Browser, visitors: dict[str, Page]) -> None:
    state = visitors["en"].context.storage_state()
    context = chromium.new_context(java_script_enabled=False, storage_state=state, locale="en")
    page = context.new_page()
    visit(page, scene, "/console/events?lang=en")
    first_event(page).click()
    expect(page.get_by_role("heading", name="Where it came from")).to_be_visible()
    expect(page.get_by_role("heading", name="Body")).to_be_visible()
    context.close()

"""What a person sees: a store being installed, its orders arriving while one watches, in both languages, on a phone."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.acceptance.story import Service
from tests.browser.axe import violations
from tests.browser.screenshots import keep
from tests.eventually import eventually

DESKTOP, PHONE = (1280, 900), (390, 844)
WAIT = 60_000
"""Milliseconds that something may take to be seen."""

OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
GROUND = "() => getComputedStyle(document.body).backgroundColor"
LIVE = {"en": "Live", "ar": "مباشر"}
HIDDEN_TEXT = """() => [...document.querySelectorAll('td, th, dt, dd, p')]
    .filter((one) => one.offsetParent && !one.closest('.scroll') && one.scrollWidth > one.clientWidth + 1)
    .map((one) => one.textContent.trim())"""


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages in fresh browsers; at the end none of them may have complained."""
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    def opened(size: tuple[int, int] = DESKTOP, **options: object) -> Page:
        width, height = size
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    contexts: list[object] = []
    yield opened
    for context in contexts:
        context.close()
    assert not complaints


def sign_in(page: Page, service: Service, language: str) -> None:
    page.goto(f"{service.up.url}/console?lang={language}")
    page.goto(f"{service.up.url}/console/login?lang={language}")
    page.get_by_label(re.compile("Admin key|مفتاح المشرف")).fill(service.up.admin_key)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console")


def figure(page: Page, name: str) -> int:
    """The number of that name, waited for: a scheduler counts it."""
    counted = page.locator(".figure", has=page.get_by_text(name, exact=True)).locator("dd").first
    shown = counted.inner_text(timeout=WAIT)
    return int(shown.replace(",", ""))


def test_a_stranger_watches_a_store_being_installed_and_its_orders_flow(
    service: Service, open_page: Callable[..., Page]
) -> None:
    page = open_page(locale="en")
    sign_in(page, service, "en")
    expect(page.get_by_role("status")).to_have_text("Live", timeout=WAIT)
    received = figure(page, "Received")
    store_id = service.sandbox.new_store(products=2, customers=2)

    merchant = open_page(locale="en")
    merchant.goto(service.sandbox.activate_url(store_id))
    expect(merchant.get_by_role("heading", name="Installed")).to_be_visible(timeout=WAIT)
    expect(merchant.get_by_text(str(store_id))).to_be_visible()

    row = page.locator("[data-live=stores] tr", has_text=str(store_id))
    expect(row.locator(".badge.good").first).to_have_text("Active", timeout=WAIT)
    # What the store held already is read: nothing of it comes between the orders among the latest few.
    expect(row.locator(".badge.good").nth(1)).to_have_text("Complete", timeout=WAIT)

    service.sandbox.trigger(store_id, "order.create", count=7)
    done = page.locator("[data-live=events] tr", has_text="order.create").locator(".badge.good")
    expect(done).to_have_count(7, timeout=WAIT)
    expect(page.get_by_text("Balanced", exact=True)).to_be_visible()
    page.wait_for_function(
        "(wanted) => Number(document.querySelector('.figure.total dd').textContent.replaceAll(',', '')) >= wanted",
        arg=received + 7,
        timeout=WAIT,
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize(("language", "direction"), [("ar", "rtl"), ("en", "ltr")])
def test_every_page_fits_and_reads(
    service: Service,
    open_page: Callable[..., Page],
    language: str,
    direction: str,
    size: tuple[int, int],
    scheme: str,
) -> None:
    page = open_page(size, locale=language, color_scheme=scheme)
    sign_in(page, service, language)
    for path in ("/console", "/docs", "/problems/needs-reauthorization"):
        page.goto(service.up.url + path)
        assert page.locator("html").get_attribute("dir") == direction
        assert page.evaluate(OVERFLOW) <= 0, path
        assert page.evaluate(HIDDEN_TEXT) == [], path
        assert page.locator("main").count() == page.locator("h1").count() == 1
    if size == DESKTOP:
        page.goto(f"{service.up.url}/console")
        expect(page.get_by_role("status")).to_have_text(LIVE[language], timeout=WAIT)
        assert violations(page) == []
        keep(page, f"overview-{language}-{scheme}")


def test_light_or_dark_is_a_choice_that_is_kept(service: Service, open_page: Callable[..., Page]) -> None:
    page = open_page(locale="en", color_scheme="light")
    sign_in(page, service, "en")
    page.get_by_role("link", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark", timeout=WAIT)
    page.goto(f"{service.up.url}/console")
    assert page.evaluate(GROUND) == "rgb(15, 21, 20)"
    page.get_by_role("link", name="As the system").click()
    expect(page.locator("html:not([data-theme])")).to_be_attached(timeout=WAIT)
    assert page.evaluate(GROUND) == "rgb(244, 246, 243)"


def test_letters_lead_through_the_console_and_can_be_switched_off(
    service: Service, open_page: Callable[..., Page]
) -> None:
    page = open_page(locale="en")
    sign_in(page, service, "en")
    page.keyboard.press("?")
    shortcuts = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(shortcuts).to_be_visible(timeout=WAIT)
    page.keyboard.press("Escape")
    expect(shortcuts).to_be_hidden(timeout=WAIT)
    page.keyboard.type("gd")
    page.wait_for_url("**/console/dead", timeout=WAIT)
    expect(page.locator("nav a[aria-current=page]")).to_have_text("Dead letters", timeout=WAIT)
    page.keyboard.press("?")
    page.get_by_label("Shortcuts are on").uncheck()
    page.keyboard.press("Escape")
    expect(shortcuts).to_be_hidden(timeout=WAIT)
    page.keyboard.press("?")
    expect(shortcuts).to_be_hidden(timeout=WAIT)


def test_what_is_not_there_is_told_inside_the_frame(service: Service, chromium: Browser) -> None:
    context = chromium.new_context(locale="ar")
    page = context.new_page()
    sign_in(page, service, "ar")
    answer = page.goto(f"{service.up.url}/console/no-such-page")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_text("لا توجد صفحة بهذا العنوان")).to_be_visible(timeout=WAIT)
    expect(page.get_by_text(answer.headers["x-request-id"])).to_be_visible(timeout=WAIT)
    assert page.locator("nav.sections a").count() >= 7
    assert violations(page) == []
    context.close()


def test_the_stream_pauses_and_goes_on(service: Service, open_page: Callable[..., Page]) -> None:
    page = open_page(locale="en")
    sign_in(page, service, "en")
    live = page.get_by_role("status")
    expect(live).to_have_text("Live", timeout=WAIT)
    page.get_by_role("button", name="Pause").click()
    expect(live).to_have_text("Paused", timeout=WAIT)
    page.get_by_role("button", name="Resume").click()
    expect(live).to_have_text("Live", timeout=WAIT)


def test_the_last_hour_is_drawn_from_its_table(service: Service, open_page: Callable[..., Page]) -> None:
    page = open_page(locale="ar")
    sign_in(page, service, "ar")
    expect(page.locator(".chart canvas")).to_be_visible(timeout=WAIT)
    page.locator("#minutes-fold summary").click()
    expect(page.locator("#minutes tbody tr")).to_have_count(60, timeout=WAIT)


def tab(page: Page) -> list[str] | None:
    """What Tab leads to: its name and how its focus is outlined; None after the last."""
    page.keyboard.press("Tab")
    found: list[str] | None = page.evaluate("""() => {
        const one = document.activeElement;
        if (one === document.body) return null;
        const name = one.getAttribute('aria-labelledby') || one.textContent.trim();
        return [name, getComputedStyle(one).outlineStyle];
    }""")
    return found


def test_the_keyboard_reaches_everything_and_the_focus_is_seen(
    service: Service, open_page: Callable[..., Page]
) -> None:
    page = open_page(locale="en")
    sign_in(page, service, "en")
    reached: dict[str, str] = {}
    while (found := tab(page)) and found[0] not in reached:
        reached[found[0]] = found[1]

    assert next(iter(reached)) == "Skip to content"
    assert {"العربية", "Sign out", "Overview", "Settings", "Pause"} <= reached.keys()
    assert set(reached.values()) == {"solid"}


def test_without_a_script_the_page_reads_and_refreshes_itself(service: Service, open_page: Callable[..., Page]) -> None:
    page = open_page(locale="en", java_script_enabled=False)
    sign_in(page, service, "en")

    def is_counted() -> bool:
        page.goto(f"{service.up.url}/console")
        is_there = page.get_by_text("Received", exact=True).count() == 1
        return is_there and figure(page, "Received") == service.books()["received"]

    assert eventually(is_counted)
    page.get_by_role("link", name="Refresh every 5 seconds").click()

    expect(page.get_by_role("link", name="Stop refreshing")).to_be_visible()


def test_signing_out_ends_it_in_every_tab(service: Service, open_page: Callable[..., Page]) -> None:
    page = open_page(locale="ar")
    sign_in(page, service, "ar")
    other_tab = page.context.new_page()
    other_tab.goto(f"{service.up.url}/console")
    expect(other_tab.get_by_role("status")).to_have_text("مباشر", timeout=WAIT)
    page.get_by_role("button", name="تسجيل الخروج").click()
    page.wait_for_url("**/console/login")
    other_tab.wait_for_url("**/console/login", timeout=WAIT)

    page.goto(f"{service.up.url}/console")

    assert page.url.endswith("/console/login")


def test_a_killed_server_is_told_and_found_again(service: Service, chromium: Browser) -> None:
    context = chromium.new_context(locale="en")
    page = context.new_page()
    sign_in(page, service, "en")
    live = page.get_by_role("status")
    expect(live).to_have_text("Live", timeout=WAIT)
    page.evaluate("""() => { window.seen = []; new MutationObserver(() => window.seen.push(
        document.querySelector('[data-live-text]').textContent)).observe(
        document.querySelector('[data-live-text]'), {childList: true}) }""")

    for process in service.up.part("wasl http", count=2):
        process.kill()

    page.wait_for_function("() => window.seen.some((said) => said.startsWith('Connection lost'))", timeout=WAIT)
    expect(live).to_have_text("Live", timeout=WAIT)
    context.close()

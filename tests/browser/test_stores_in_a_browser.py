"""Stores and the catalog as a person works with them: everything that may be done to a store, in both languages."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.acceptance.story import Service
from tests.browser.axe import violations
from tests.browser.screenshots import keep

WAIT = 60_000
"""Milliseconds that something may take to be seen."""
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass
class Scene:
    """A service with a store whose lists are read, one that is to lose the app, and one that is to be erased."""

    service: Service
    kept: int
    revoked: int
    erased: int

    @property
    def url(self) -> str:
        return self.service.up.url

    def address(self, store_id: int | None = None) -> str:
        return f"/console/stores/{store_id or self.kept}"

    def customer(self) -> str:
        [[found]] = self.service.sql("SELECT min(entity_id) FROM mirror_customers WHERE store_id = %s", self.kept)
        return str(found)


@pytest.fixture(scope="module")
def scene(service: Service) -> Scene:
    expect.set_options(timeout=WAIT)
    kept, revoked, erased = service.quiet_stores(3, products=2, orders=2, customers=2)
    return Scene(service, kept, revoked, erased)


@pytest.fixture(scope="module")
def visitors(chromium: Browser, scene: Scene) -> dict[str, Page]:
    """A page of somebody who is signed in, by language; signing in is dear."""
    return {language: _signed_in(chromium, scene, language) for language in ("en", "ar")}


def _signed_in(chromium: Browser, scene: Scene, language: str) -> Page:
    page = chromium.new_context(viewport=DESKTOP, locale=language, accept_downloads=True).new_page()
    page.set_default_timeout(WAIT)
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
            complaints.append(message.text)

    for page in visitors.values():
        page.on("console", note)
    yield
    for page in visitors.values():
        page.remove_listener("console", note)
    assert not complaints


@pytest.fixture
def page(visitors: dict[str, Page], quiet: None) -> Page:
    return visitors["en"]


def pages(scene: Scene) -> dict[str, str]:
    """Every page by name."""
    store, catalog, customer = scene.address(), f"/console/catalog/{scene.kept}", scene.customer()
    [[order]] = scene.service.sql("SELECT min(entity_id) FROM mirror_orders WHERE store_id = %s", scene.kept)
    [[product]] = scene.service.sql("SELECT min(entity_id) FROM mirror_products WHERE store_id = %s", scene.kept)
    return {
        "stores": "/console/stores",
        "stores-nothing": "/console/stores?text=nobody",
        "store-link": "/console/stores/link",
        "store": store,
        "store-life": f"{store}/life",
        "store-reconcile": f"{store}/reconcile",
        "store-revoke": f"{store}/revoke",
        "store-erase": f"{store}/erase",
        "catalog": "/console/catalog",
        "catalog-orders": f"{catalog}/orders",
        "catalog-products": f"{catalog}/products",
        "catalog-customers": f"{catalog}/customers",
        "catalog-nothing": f"{catalog}/orders?text=nobody",
        "catalog-order": f"{catalog}/orders/{order}",
        "catalog-product": f"{catalog}/products/{product}",
        "catalog-customer": f"{catalog}/customers/{customer}",
        "catalog-erase": f"{catalog}/customers/{customer}/erase",
    }


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(("language", "theme"), [("ar", "dark"), ("en", "light")])
def test_every_page_reads_in_both_languages_and_hinders_nobody(
    scene: Scene, visitors: dict[str, Page], language: str, theme: str
) -> None:
    page = visitors[language]
    page.goto(f"{scene.url}/console/stores?theme={theme}")
    for name, path in pages(scene).items():
        page.goto(scene.url + path)
        keep(page, f"{name}-{language}-{theme}")
        assert page.locator("html").get_attribute("dir") == ("rtl" if language == "ar" else "ltr"), name
        assert page.locator("main h1").count() == 1, name
        assert violations(page) == [], name
        assert page.evaluate(OVERFLOW) <= 0, name
        if language == "ar":
            _expect_to_fit_a_phone(page, f"{name}-{language}-{theme}-phone")


def _expect_to_fit_a_phone(page: Page, name: str) -> None:
    page.set_viewport_size(PHONE)
    assert page.evaluate(OVERFLOW) <= 0, name
    keep(page, name)
    page.set_viewport_size(DESKTOP)


def press(page: Page, name: str, told: str) -> None:
    """The button of this name, and what the page then says."""
    page.get_by_role("button", name=name, exact=True).click()
    expect(page.locator(".flash")).to_have_text(re.compile(re.escape(told)))


def test_a_store_is_found_and_looked_after(scene: Scene, page: Page) -> None:
    page.goto(f"{scene.url}/console/stores")
    page.get_by_label("Title or id").fill(str(scene.kept))
    page.keyboard.press("Enter")
    row = page.locator(f"tr[data-store='{scene.kept}']")
    expect(row).to_be_visible()
    expect(page.locator("tr[data-store]")).to_have_count(1)
    row.get_by_role("link").first.click()
    page.wait_for_url(f"**{scene.address()}")

    press(page, "Refresh tokens", "The tokens are renewed.")
    page.get_by_role("button", name="Check tokens at Zid").click()
    expect(page.locator("#proof-trials tbody tr")).to_have_count(3)
    expect(page.get_by_text("Zid takes them, for this store.")).to_be_visible()

    page.get_by_role("link", name="Ask Zid now").click()
    expect(page.get_by_text("against what Zid lists now")).to_be_visible(timeout=WAIT)
    assert page.url.endswith("/check-tokens")
    press(page, "Apply", "Every event is subscribed.")

    page.get_by_label("Why (kept in the audit)").fill("stocktaking")
    press(page, "Pause", "Paused: events are taken in and wait.")
    expect(page.locator("[data-action='store.paused']").first).to_contain_text("stocktaking")
    press(page, "Resume", "Resumed")

    page.locator("select[name=kind]").select_option("order")
    press(page, "Read again", "Reading has been asked for")
    expect(page.locator("tr[data-kind=order] .badge")).to_have_text("Complete")
    page.get_by_role("link", name="Compare now").click()
    expect(page.get_by_role("heading", name=re.compile("At most .* calls to Zid"))).to_be_visible()
    press(page, "Compare now", "The comparison has been asked for")
    expect(page.locator("tr[data-reconciliation]").first).to_contain_text("asked for")
    page.get_by_role("link", name="The whole timeline").click()
    expect(page.locator("[data-action='install.activated']")).to_be_visible()


def test_a_link_for_a_merchant_is_made(scene: Scene, page: Page) -> None:
    page.goto(f"{scene.url}/console/stores")
    page.get_by_role("link", name="Install a store").first.click()
    page.get_by_role("button", name="Make the link").click()
    link = page.locator("#made-title ~ p code").inner_text()
    assert "/auth/zid?ticket=" in link
    page.goto(link)
    assert "/auth/zid" not in page.url


def test_the_app_is_removed_and_a_store_erased_only_by_typing(scene: Scene, page: Page) -> None:
    page.goto(scene.url + scene.address(scene.revoked))
    page.get_by_role("link", name="Remove the app").click()
    page.get_by_label("Type the store's id").fill("12")
    page.get_by_role("button", name="Remove the app").click()
    expect(page.get_by_role("alert")).to_contain_text("nothing was done")
    page.get_by_label("Type the store's id").fill(str(scene.revoked))
    page.get_by_role("button", name="Remove the app").click()
    expect(page.locator(".flash")).to_contain_text("The app is removed")
    expect(page.locator("[data-need=install_again]")).to_be_visible()

    page.goto(scene.url + scene.address(scene.erased))
    page.get_by_role("link", name="Erase the store").click()
    page.get_by_label("Type the store's id").fill(str(scene.erased))
    page.get_by_role("button", name="Erase it").click()
    expect(page.get_by_role("heading", name="Certificate")).to_be_visible(timeout=WAIT)
    expect(page.get_by_text("No backup holds a copy after")).to_be_visible()
    assert violations(page) == []
    keep(page, "store-certificate-en-light")


def test_a_customer_is_found_exported_and_forgotten(scene: Scene, page: Page) -> None:
    customer = scene.customer()
    page.goto(f"{scene.url}/console/catalog")
    page.get_by_label("Title or id").fill(str(scene.kept))
    page.keyboard.press("Enter")
    page.locator(f"tr[data-store='{scene.kept}']").get_by_role("link", name="Customers").click()
    page.get_by_label("Name, mobile, e-mail or id").fill(customer)
    page.keyboard.press("Enter")
    page.locator(f"tr[data-id='{customer}'] a").first.click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Export everything").click()
    assert waiting.value.suggested_filename == f"store-{scene.kept}-customer-{customer}.json"
    assert customer in waiting.value.path().read_text()

    page.get_by_role("link", name="Erase this customer").click()
    page.get_by_label("Type the customer's id").fill(customer)
    page.get_by_role("button", name="Erase it").click()
    expect(page.get_by_role("heading", name="Certificate")).to_be_visible(timeout=WAIT)
    answer = page.goto(f"{scene.url}/console/catalog/{scene.kept}/customers/{customer}")
    assert answer is not None
    assert answer.status == 404


def test_without_a_script_everything_reads_and_works(scene: Scene, chromium: Browser, page: Page) -> None:
    """With the cookies of somebody who signed in before."""
    context = chromium.new_context(java_script_enabled=False, storage_state=page.context.storage_state())
    plain = context.new_page()
    plain.goto(f"{scene.url}{scene.address()}?lang=en")
    plain.get_by_role("link", name="Ask Zid now").click()
    expect(plain.get_by_text("against what Zid lists now")).to_be_visible(timeout=WAIT)
    expect(plain.locator("main h1")).to_have_count(1)
    plain.get_by_role("button", name="Pause", exact=True).click()
    expect(plain.locator(".flash")).to_contain_text("Paused")
    context.close()

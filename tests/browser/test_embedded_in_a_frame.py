"""The app inside a dashboard of another site, its cookies blocked: what a merchant sees, and what nobody gets."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Frame, FrameLocator, Page, Request, expect

from tests.acceptance.story import Service
from tests.acceptance.wasl_up import WaslUp, home

DESKTOP, PHONE = (1280, 1000), (390, 844)
WAIT = 60_000
"""Milliseconds that something may take to be seen."""
KEEP_A_COOKIE = """() => {
    document.cookie = 'probe=1; SameSite=None; Secure; Path=/';
    return document.cookie;
}"""
STORED = """() => {
    try {
        return document.cookie + Object.keys(localStorage) + Object.keys(sessionStorage);
    } catch {
        return '';  // with their cookies, frames of other sites lose all storage
    }
}"""
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
LOOK = "() => document.dispatchEvent(new Event('visibilitychange'))"
"""Lets the page look at once, as it does when a merchant comes back to it."""
HOSTILE = "متجر <script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """An embedded app. Its own pages are at 127.0.0.1; `localhost`, another site, may frame them."""
    with home() as path:
        up = WaslUp(path)
        try:
            up.start("--no-demo", ZID_EMBEDDED="true", ZID_DASHBOARDS=f"http://localhost:{up.sandbox_port}")
            yield Service(up)
        finally:
            if up.process and up.process.poll() is None:
                up.stop()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages in fresh browsers; at the end none of them may have complained or shown a dialog."""
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        is_known = message.location["url"].endswith("/favicon.ico") or "status of 401" in message.text
        if message.type in {"error", "warning"} and not is_known:
            complaints.append(message.text)

    def opened(size: tuple[int, int] = DESKTOP, **options: object) -> Page:
        width, height = size
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
        return page

    contexts: list[BrowserContext] = []
    yield opened
    for context in contexts:
        context.close()
    assert not complaints


def dashboard(service: Service, store_id: int, language: str, host: str = "localhost") -> str:
    """Where the merchant opens the app."""
    return f"http://{host}:{service.up.sandbox_port}/__sandbox/stores/{store_id}/open?language={language}"


def inside(page: Page) -> tuple[FrameLocator, Frame]:
    """The app's page in the dashboard's, once it is there."""
    expect(page.frame_locator("iframe").locator("main[data-view]")).to_be_visible(timeout=WAIT)
    return page.frame_locator("iframe"), page.frames[1]


@contextmanager
def website(html: str) -> Iterator[str]:
    """Anybody's page, at an origin of its own."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield f"http://localhost:{server.server_port}/"
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def test_an_install_ends_in_the_dashboard_which_shows_the_app(service: Service, open_page: Callable[..., Page]) -> None:
    store_id = service.sandbox.new_store(orders=2, customers=2)
    page = open_page()

    page.goto(service.sandbox.activate_url(store_id))

    assert page.url == f"{service.up.sandbox_url}/ar-sa/stores/{store_id}/apps/{app_id(service)}/embedded"
    app, _ = inside(page)
    expect(app.get_by_text("متجرك متصل.")).to_be_visible()


def app_id(service: Service) -> str:
    return service.addresses["ZID_APP_ID"]


@pytest.fixture(scope="module")
def store(service: Service) -> int:
    """An installed store."""
    store_id = service.sandbox.new_store(orders=2, customers=2)
    answer = service.sandbox.ask("POST", f"/stores/{store_id}/install")
    assert answer["status"] == 200, answer
    return store_id


@pytest.mark.parametrize(
    ("language", "direction", "size", "scheme"),
    [
        ("ar", "rtl", DESKTOP, "light"),
        ("ar", "rtl", PHONE, "dark"),
        ("en", "ltr", DESKTOP, "dark"),
        ("en", "ltr", PHONE, "light"),
    ],
)
def test_a_merchant_sees_the_store_in_a_frame_without_any_cookie(
    service: Service,
    store: int,
    open_page: Callable[..., Page],
    tmp_path: Path,
    language: str,
    direction: str,
    size: tuple[int, int],
    scheme: str,
) -> None:
    page = open_page(size, color_scheme=scheme)
    page.goto(dashboard(service, store, language))
    app, frame = inside(page)

    expect(app.get_by_role("status")).to_have_text("Live" if language == "en" else "مباشر")
    expect(app.get_by_role("heading", level=1)).to_have_count(1)
    expect(app.locator("section[aria-labelledby]")).to_have_count(4)
    expect(app.locator("html")).to_have_attribute("dir", direction)
    page.screenshot(path=tmp_path / f"{language}-{size[0]}-{scheme}.png", full_page=True)
    assert frame.evaluate(OVERFLOW) <= 0
    assert frame.evaluate("() => location.href") == f"{service.up.url}/embedded", "the UUID has left the address"
    assert frame.evaluate(KEEP_A_COOKIE) == "", "this browser does not block the cookies of frames"
    assert frame.evaluate(STORED) == ""
    assert [cookie["name"] for cookie in page.context.cookies(service.up.url)] == []


def test_the_page_follows_the_store_and_ends_with_its_install(service: Service, open_page: Callable[..., Page]) -> None:
    store_id = service.sandbox.new_store()
    assert service.sandbox.ask("POST", f"/stores/{store_id}/install")["status"] == 200
    page = open_page()
    asked: list[Request] = []
    page.on("request", lambda one: asked.append(one))  # noqa: PLW0108 (a bound method cannot be marked)
    page.goto(dashboard(service, store_id, "en"))
    app, frame = inside(page)

    service.sandbox.trigger(store_id, "order.create", count=3)
    assert service.has_settled(store_id, received=3)
    frame.evaluate(LOOK)
    orders = app.locator(".figure", has_text="Orders").locator("dd")
    expect(orders).to_have_text("3", timeout=WAIT)
    expect(app.get_by_role("status")).to_have_text("Live")

    assert service.call("POST", f"/auth/revoke/{store_id}").status == 200
    with page.expect_response("**/embedded/view*") as answered:
        frame.evaluate(LOOK)
    assert answered.value.status == 401
    expect(app.get_by_role("status")).to_contain_text("This visit is over", timeout=WAIT)

    ours = [one for one in asked if one.url.startswith(service.up.url)]
    assert sum("token=" in one.url for one in ours) == 1, "only the dashboard's own request carries the UUID"
    assert not [one.url for one in ours if "referer" in one.headers and "token=" in one.headers["referer"]]


def test_a_reload_finds_no_uuid_and_says_where_to_open_the_app(service: Service, store: int, chromium: Browser) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.goto(dashboard(service, store, "en"))
    app, frame = inside(page)
    frame.evaluate("() => setTimeout(() => location.reload(), 0)")
    expect(app.get_by_role("heading", level=1)).to_have_text("Please open the app again", timeout=WAIT)
    context.close()


def test_another_site_cannot_frame_it(
    service: Service, store: int, open_page: Callable[..., Page], chromium: Browser
) -> None:
    page = open_page()
    page.goto(dashboard(service, store, "en"))
    inside(page)
    source = page.locator("iframe").get_attribute("src") or ""
    assert "token=" in source

    with website(f'<iframe src="{source.replace("&", "&amp;")}"></iframe>') as evil:
        context = chromium.new_context()
        page = context.new_page()
        with page.expect_console_message(lambda said: "frame-ancestors" in said.text, timeout=WAIT):
            page.goto(evil)
        assert page.frame_locator("iframe").locator("[data-view]").count() == 0
        context.close()


def test_a_leaked_uuid_is_replaced_by_a_command_and_the_dashboard_shows_the_app_as_before(
    service: Service, open_page: Callable[..., Page]
) -> None:
    store_id = service.sandbox.new_store()
    assert service.sandbox.ask("POST", f"/stores/{store_id}/install")["status"] == 200
    page = open_page()
    page.goto(dashboard(service, store_id, "en"))
    inside(page)
    leaked = page.locator("iframe").get_attribute("src") or ""

    done = service.up.wasl("stores", "embed", str(store_id))

    assert done.returncode == 0, done.stderr
    page.goto(leaked)
    expect(page.get_by_role("heading", level=1)).to_have_text("Please open the app again", timeout=WAIT)
    page.goto(dashboard(service, store_id, "en"))
    inside(page)
    assert page.locator("iframe").get_attribute("src") != leaked


def test_a_title_is_text_in_the_frame_too(service: Service, open_page: Callable[..., Page]) -> None:
    store_id = int(service.sandbox.ask("POST", "/stores", {"title": HOSTILE})["store_id"])
    assert service.sandbox.ask("POST", f"/stores/{store_id}/install")["status"] == 200
    page = open_page()
    page.goto(dashboard(service, store_id, "ar"))
    app, frame = inside(page)
    expect(app.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    frame.evaluate(LOOK)
    expect(app.get_by_role("status")).to_have_text("مباشر")
    assert frame.evaluate("() => document.querySelectorAll('main img, main script').length") == 0


def test_without_a_script_the_page_reads(service: Service, store: int, open_page: Callable[..., Page]) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(dashboard(service, store, "en"))
    app = page.frame_locator("iframe")
    expect(app.get_by_text("Your store is connected.")).to_be_visible(timeout=WAIT)


def test_a_frame_of_its_own_site_keeps_cookies_so_the_proof_above_proves(
    service: Service, store: int, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    page.goto(dashboard(service, store, "en", host="127.0.0.1"))
    _, frame = inside(page)
    assert frame.evaluate(KEEP_A_COOKIE) == "probe=1"

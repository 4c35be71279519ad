"""Settings and audit as a person uses them, in both languages: keys made and ended, the doctor, who did what."""

import json
import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.story import Service
from tests.browser.axe import violations
from tests.browser.screenshots import keep
from tests.eventually import eventually

WAIT = 60_000
"""Milliseconds that something may take to be seen."""
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
OF_THE_MACHINE = {"folder-in-memory", "folder-in-container", "little-space", "timezone", "python-old"}
PAGES = {
    "alerts": "/console/alerts?show=all",
    "audit": "/console/audit",
    "audit-entry": "/console/audit/1",
    "settings": "/console/settings",
    "settings-keys": "/console/settings/keys",
    "settings-rings": "/console/settings/rings?count=all",
    "settings-handlers": "/console/settings/handlers",
    "settings-configuration": "/console/settings/configuration",
    "settings-doctor": "/console/settings/doctor",
}


@pytest.fixture(scope="module")
def visitors(chromium: Browser, service: Service) -> dict[str, Page]:
    """A page of somebody who is signed in, by language; English ones see it light, Arabic ones dark."""
    return {"en": _signed_in(chromium, service, "en", "light"), "ar": _signed_in(chromium, service, "ar", "dark")}


def _signed_in(chromium: Browser, service: Service, language: str, theme: str) -> Page:
    context = chromium.new_context(color_scheme=theme, viewport=DESKTOP)
    context.set_default_timeout(WAIT)
    context.set_default_navigation_timeout(WAIT)
    expect.set_options(timeout=WAIT)
    page = context.new_page()
    page.goto(f"{service.up.url}/console/login?lang={language}")
    page.locator("input[name=key]").fill(service.up.admin_key)
    page.locator("input[name=key]").press("Enter")
    expect(page).to_have_url(re.compile("/console$"))
    return page


def test_the_doctor_finds_nothing_in_a_healthy_set_up(service: Service) -> None:
    """But what is true of the machine that the test runs on; a process that just starts is waited for."""

    def is_well() -> bool:
        checks = json.loads(service.up.wasl("doctor", "--json").stdout)["checks"]
        found = {finding["code"] for one in checks for finding in one["findings"]}
        return found <= OF_THE_MACHINE and not any(one["unseen"] for one in checks)

    assert eventually(is_well, seconds=120), service.up.wasl("doctor").stdout


@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_page_is_there_for_everybody(service: Service, visitors: dict[str, Page], language: str) -> None:
    page = visitors[language]
    theme = {"en": "light", "ar": "dark"}[language]
    for name, path in PAGES.items():
        page.goto(service.up.url + path)
        expect(page.locator("html")).to_have_attribute("dir", "rtl" if language == "ar" else "ltr")
        expect(page.locator("main h1")).not_to_be_empty()
        assert violations(page) == [], name
        keep(page, f"{name}-{language}-{theme}")
        page.set_viewport_size(PHONE)
        assert page.evaluate(OVERFLOW) <= 0, f"{name} is wider than a phone"
        page.set_viewport_size(DESKTOP)


def test_a_key_lives_from_its_making_to_its_end(service: Service, visitors: dict[str, Page]) -> None:
    page = visitors["en"]
    page.goto(f"{service.up.url}/console/settings/keys")
    page.get_by_label("Name").fill("متجر الورد")
    page.get_by_label("May", exact=True).select_option("operate")
    page.get_by_role("button", name="Make it").click()
    shown = page.locator("main code", has_text=re.compile(r"^wasl_\S{49}$"))
    expect(shown).to_be_visible(timeout=WAIT)
    assert violations(page) == []
    page.get_by_role("link", name="I have copied it").click()
    page.get_by_role("link", name="متجر الورد").click()
    page.get_by_role("button", name="Rotate").click()
    expect(page.get_by_text("It replaces key")).to_be_visible(timeout=WAIT)
    page.get_by_role("link", name="I have copied it").click()
    page.get_by_role("link", name="متجر الورد").first.click()
    page.get_by_text("Revoke this key").click()
    assert violations(page) == []
    keep(page, "settings-key-en-light")
    page.get_by_label("To confirm, type").fill("another")
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("Nothing was done")).to_be_visible(timeout=WAIT)
    page.get_by_label("To confirm, type").fill("متجر الورد")
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("is revoked")).to_be_visible(timeout=WAIT)
    expect(page.locator("#keys tbody tr")).to_have_count(2)


def test_the_doctor_is_called_from_the_settings(service: Service, visitors: dict[str, Page]) -> None:
    page = visitors["ar"]
    page.goto(f"{service.up.url}/console/settings")
    page.get_by_role("link", name="افحص الآن").click()
    expect(page.locator("#diagnosis .checks li").first).to_be_visible(timeout=WAIT)
    assert page.url.endswith("/console/settings")
    assert violations(page) == []
    keep(page, "settings-diagnosis-ar-dark")


def test_who_did_what_is_found_and_taken_along(service: Service, visitors: dict[str, Page]) -> None:
    page = visitors["en"]
    page.goto(f"{service.up.url}/console/audit")
    page.get_by_label("What").fill("api_key.revoked")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("#audit tbody tr")).to_have_count(1)
    with page.expect_download(timeout=WAIT) as downloading:
        page.get_by_role("link", name="Download as JSON lines").click()
    [line] = downloading.value.path().read_text(encoding="utf-8").splitlines()
    assert (json.loads(line)["action"], json.loads(line)["actor"]) == ("api_key.revoked", "admin")
    page.locator("#audit tbody a").first.click()
    expect(page.get_by_text("What happened")).to_be_visible(timeout=WAIT)
    expect(page.locator("#details")).to_contain_text("key_id")

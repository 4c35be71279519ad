"""The settings of an embedded app: they become part of a header and of addresses."""

import pytest

from config.settings import load_settings
from core.errors import SettingInvalid
from tests.unit.config.test_settings import PRODUCTION


def test_zids_own_dashboards_may_frame_the_app_by_default() -> None:
    settings = load_settings({})
    assert settings.frames == ("https://dashboard.zid.sa", "https://web.zid.sa")
    assert not settings.zid_embedded


def test_where_the_install_ends_may_always_frame_the_app() -> None:
    settings = load_settings({"ZID_DASHBOARD_URL": "http://127.0.0.1:8090", "ZID_DASHBOARDS": "http://localhost:8090"})
    assert settings.frames == ("http://127.0.0.1:8090", "http://localhost:8090")


@pytest.mark.parametrize("key", ["ZID_DASHBOARD_URL", "ZID_DASHBOARDS"])
@pytest.mark.parametrize(
    "value",
    [
        "dashboard.example",
        "https://dashboard.example/",
        "https://dashboard.example; script-src *",
        "https://a.example https://b.example",
        "https://a.example\r\nX: y",
        "javascript://a.example",
        "https://*",
        "*",
        "'none'",
    ],
)
def test_what_is_no_origin_is_refused_by_name(key: str, value: str) -> None:
    with pytest.raises(SettingInvalid, match=key):
        load_settings({key: value})


def test_production_is_framed_by_tls_alone() -> None:
    with pytest.raises(SettingInvalid, match="ZID_DASHBOARDS"):
        load_settings({**PRODUCTION, "ZID_DASHBOARDS": "http://dashboard.example"})
    assert load_settings({**PRODUCTION, "ZID_DASHBOARDS": "https://*.zid.dev"}).frames[1] == "https://*.zid.dev"


@pytest.mark.parametrize("language", ["ar-sa/../..", "AR", "arabic", "ar_SA", "ar-sa?x"])
def test_a_language_is_one(language: str) -> None:
    with pytest.raises(SettingInvalid, match="ZID_DASHBOARD_LANGUAGE"):
        load_settings({"ZID_DASHBOARD_LANGUAGE": language})

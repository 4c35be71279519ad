"""By which names the service may be asked, and what is believed of proxies."""

from __future__ import annotations

import pytest

from config.settings import Settings, load_settings
from config.ways_in import limits, own_hosts
from core.domain.doors import Door
from core.errors import SettingInvalid
from tests.unit.config.test_settings import PRODUCTION


def settings(**given: str) -> Settings:
    return load_settings(given)


def test_in_production_only_its_own_name_and_those_allowed() -> None:
    allowed = {**PRODUCTION, "ALLOWED_HOSTS": "API.example.com, 10.0.0.5,::1"}
    assert own_hosts(load_settings(PRODUCTION)) == {"app.example.com"}
    assert own_hosts(load_settings(allowed)) == {
        "app.example.com",
        "api.example.com",
        "10.0.0.5",
        "[::1]",
        "localhost",
        "127.0.0.1",
    }


def test_while_developing_this_machine_has_all_its_names() -> None:
    assert own_hosts(settings(PUBLIC_URL="http://wasl.test:8000")) == {"wasl.test", "localhost", "127.0.0.1", "[::1]"}


def test_a_star_takes_any_name() -> None:
    assert own_hosts(load_settings({**PRODUCTION, "ALLOWED_HOSTS": "*"})) == frozenset()


@pytest.mark.parametrize("everybody", ["0.0.0.0/0", "::/0", "10.0.0.0/8,0.0.0.0/0"])
def test_not_everybody_may_be_a_proxy(everybody: str) -> None:
    with pytest.raises(SettingInvalid, match="TRUSTED_PROXIES"):
        settings(TRUSTED_PROXIES=everybody)


def test_https_is_not_insisted_on_where_nobody_could_say_what_came_by_it() -> None:
    with pytest.raises(SettingInvalid, match="TRUSTED_PROXIES"):
        settings(FORCE_HTTPS="true")
    assert settings(FORCE_HTTPS="true", TRUSTED_PROXIES="10.0.0.0/8").force_https


def test_a_limit_of_nothing_is_no_limit() -> None:
    found = limits(settings(LIMIT_PAGES="0", LIMIT_READS="60"))
    assert (found[Door.PAGE], found[Door.READ]) == (0, 60)
    with pytest.raises(SettingInvalid, match="LIMIT_WRITES"):
        settings(LIMIT_WRITES="-1")


def test_numbers_are_open_to_this_machine_alone_unless_told() -> None:
    found = settings()
    assert found.metrics_host == "127.0.0.1"
    assert all(network.is_loopback for network in found.metrics_allow)

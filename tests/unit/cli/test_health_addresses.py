"""Where each process answers about its health, as seen from its own machine."""

from __future__ import annotations

import pytest

from config.settings import load_settings
from entrypoints.cli.commands.healthcheck import Process, host_of, port_of


@pytest.mark.parametrize(
    ("process", "given", "expected"),
    [
        (Process.HTTP, {}, ("127.0.0.1", 8000)),
        (Process.HTTP, {"HTTP_HOST": "0.0.0.0", "METRICS_HOST": "10.0.0.5"}, ("127.0.0.1", 8000)),
        (Process.CONSUMER, {"HTTP_HOST": "10.0.0.5"}, ("127.0.0.1", 9101)),
        (Process.SCHEDULER, {"METRICS_HOST": "::"}, ("::1", 9102)),
        (Process.SCHEDULER, {"METRICS_HOST": "10.0.0.5", "METRICS_PORT": "9900"}, ("10.0.0.5", 9900)),
    ],
)
def test_http_on_its_own_door_the_others_on_theirs(
    process: Process, given: dict[str, str], expected: tuple[str, int]
) -> None:
    settings = load_settings(given)
    assert (host_of(process, settings), port_of(process, settings)) == expected

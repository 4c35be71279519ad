"""A real Prometheus that looks every second, with the alerts' own rules at sixty times their pace."""

import json
import re
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.free_port import free_port
from tests.prometheus_tools import DEPLOY, program

SHORTER = {"d": (24, "m"), "h": (1, "m"), "m": (1, "s")}
"""A day becomes twenty-four minutes, an hour a minute, a minute a second."""


def quickened(text: str) -> str:
    """Rules with every duration a sixtieth of what it was. Names (`rate5m`) and thresholds stay."""

    def shorter(found: re.Match[str]) -> str:
        times, unit = SHORTER[found[2]]
        return f"{int(found[1]) * times}{unit}"

    return re.sub(r"\b(\d+)([mhd])\b", shorter, text)


@dataclass(frozen=True)
class Prometheus:
    url: str

    def ask(self, path: str, **query: str) -> Any:
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}", timeout=30) as answer:
            return json.load(answer)["data"]

    def firing(self) -> set[str]:
        return {one["labels"]["alertname"] for one in self.ask("alerts")["alerts"] if one["state"] == "firing"}

    def fired(self) -> set[str]:
        """Since it began to look."""
        found = self.ask("query", query='max by (alertname) (max_over_time(ALERTS{alertstate="firing"}[2h]))')
        return {one["metric"]["alertname"] for one in found["result"]}

    def up(self) -> set[str]:
        """Kinds of processes of which one answers."""
        found = self.ask("query", query='max by (process) (up{job="wasl"}) == 1')
        return {one["metric"]["process"] for one in found["result"]}


@contextmanager
def prometheus(room: Path, targets: Mapping[str, str]) -> Iterator[Prometheus]:
    """`targets`: kind of process → address. Returns when it answers."""
    for file in (DEPLOY / "prometheus" / "rules").glob("*.yml"):
        (room / file.name).write_text(quickened(file.read_text()))
    jobs = [{"labels": {"process": kind}, "targets": [address]} for kind, address in targets.items()]
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(room / "*.yml")],
        "scrape_configs": [{"job_name": "wasl", "static_configs": jobs}],
    }
    (room / "prometheus.json").write_text(json.dumps(config))
    address = f"127.0.0.1:{free_port()}"
    options = (f"--config.file={room / 'prometheus.json'}", f"--storage.tsdb.path={room / 'tsdb'}")
    with (room / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [program("prometheus"), *options, f"--web.listen-address={address}"], stdout=log, stderr=log
        )
    try:
        yield answering(Prometheus(f"http://{address}"), process, room / "prometheus.log")
    finally:
        process.terminate()
        process.wait(timeout=60)


def answering(one: Prometheus, process: subprocess.Popen[bytes], log: Path) -> Prometheus:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            one.ask("alerts")
        except OSError:
            time.sleep(0.1)
        else:
            return one
    raise AssertionError(log.read_text())

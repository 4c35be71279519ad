"""The dashboards and the Alertmanager example: what they name exists, and what Grafana and amtool need is there."""

import json
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.deploy.test_alert_rules import ALERTS, RULES, exported, labels_in, labels_of, metrics_in
from tests.prometheus_tools import DEPLOY, says

GRAFANA = DEPLOY / "grafana"
FILES = sorted((GRAFANA / "dashboards").glob("*.json"))
ALERTMANAGER = DEPLOY / "alertmanager" / "alertmanager.yml"
MADE_BY = runpy.run_path(str(GRAFANA / "make_dashboards.py"))


def panels(file: Path) -> list[dict[str, Any]]:
    return list(json.loads(file.read_text())["panels"])


def queries(file: Path) -> Iterator[str]:
    for panel in panels(file):
        yield from (target["expr"] for target in panel.get("targets", ()))


def plain(query: str) -> str:
    """With something in the place of each of Grafana's variables."""
    return query.replace("$__rate_interval", "5m").replace("$process", ".*").replace("$instance", ".*")


def test_the_files_are_what_the_tables_say() -> None:
    written = {f"{one.name}.json": MADE_BY["text"](one) for one in MADE_BY["DASHBOARDS"]}
    assert {file.name: file.read_text(encoding="utf-8") for file in FILES} == written, "run make_dashboards.py"


def test_there_is_one_for_the_service_one_for_stores_one_for_zid() -> None:
    assert [json.loads(file.read_text())["uid"] for file in FILES] == ["wasl-service", "wasl-stores", "wasl-zid"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_panel_says_what_it_tells_in_which_unit_and_where_it_stands(file: Path) -> None:
    found = panels(file)
    ids = [panel["id"] for panel in found]
    assert len(ids) == len(set(ids))
    taken: set[tuple[int, int]] = set()
    for panel in found:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
        if panel["type"] != "row":
            assert len(panel["description"]) > 10, panel["title"]
            assert panel["fieldConfig"]["defaults"]["unit"]
            assert panel["datasource"]["uid"] == "prometheus"
            assert panel["targets"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_panels_ask_for_metrics_and_labels_that_exist(file: Path) -> None:
    recorded = {rule.name for rule in RULES if not rule.is_alert}
    for query in queries(file):
        assert metrics_in(query) <= exported(), query
        assert set(re.findall(r"\bwasl:[\w:]+", query)) <= recorded
        for name, labels in labels_in(query):
            assert labels <= labels_of(name), query


def test_queries_are_queries(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel_{number}", "expr": plain(query)}
        for number, query in enumerate(query for file in FILES for query in queries(file))
    ]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    assert "SUCCESS" in says("promtool", "check", "rules", tmp_path / "rules.yml")


def test_what_is_chosen_is_used() -> None:
    for file in FILES:
        variables = {one["name"] for one in json.loads(file.read_text())["templating"]["list"]}
        assert variables == {"process", "instance"}
        assert {name for query in queries(file) for name in re.findall(r"\$(process|instance)", query)} == variables


def test_grafana_is_given_the_source_and_the_folder() -> None:
    [source] = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text())["datasources"]
    [provider] = yaml.safe_load((GRAFANA / "provisioning/dashboards/wasl.yml").read_text())["providers"]
    assert (source["uid"], source["type"]) == ("prometheus", "prometheus")
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards"


# --- Alertmanager ----------------------------------------------------------------------------


def test_amtool_takes_the_example() -> None:
    assert "SUCCESS" in says("amtool", "check-config", ALERTMANAGER)


@pytest.mark.parametrize(("severity", "receiver"), [("page", "pages"), ("ticket", "tickets")])
def test_pages_wake_and_tickets_do_not(severity: str, receiver: str) -> None:
    told = says("amtool", "config", "routes", "test", f"--config.file={ALERTMANAGER}", f"severity={severity}")
    assert told.split() == [receiver]


def test_the_example_names_alerts_that_exist() -> None:
    known = {alert.name for alert in ALERTS}
    named = set(re.findall(r"Wasl\w+", ALERTMANAGER.read_text()))
    areas = set(re.findall(r"area =~? \"?([a-z|]+)", ALERTMANAGER.read_text()))
    assert named <= known
    assert {area for one in areas for area in one.split("|")} <= {one.content["labels"]["area"] for one in ALERTS}

"""The alerts: right as Prometheus reads them, each fires in its scenario and is silent when all is well."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.prometheus.catalogue import CATALOGUE, PREFIX, Kind
from tests.prometheus_tools import DEPLOY, ROOT, says

PROMETHEUS = DEPLOY / "prometheus"
RULE_FILES = sorted((PROMETHEUS / "rules").glob("*.yml"))
SCENARIOS = sorted((PROMETHEUS / "tests").glob("*.yml"))
STANDARD = {
    "wasl_process_start_time_seconds",
    "wasl_process_cpu_seconds_total",
    "wasl_process_resident_memory_bytes",
    "wasl_process_open_fds",
    "wasl_process_max_fds",
}
"""What Prometheus's client says of every process."""


@dataclass(frozen=True)
class Rule:
    file: Path
    content: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.content.get("alert") or self.content["record"])

    @property
    def is_alert(self) -> bool:
        return "alert" in self.content


def every_rule() -> Iterator[Rule]:
    for file in RULE_FILES:
        for group in yaml.safe_load(file.read_text())["groups"]:
            yield from (Rule(file, content) for content in group["rules"])


RULES = list(every_rule())
ALERTS = [rule for rule in RULES if rule.is_alert]


def exported() -> set[str]:
    """Every name that `/metrics` has."""
    names = set(STANDARD)
    for metric in CATALOGUE.values():
        name = PREFIX + metric.name
        ends = ("_bucket", "_sum", "_count") if metric.kind is Kind.HISTOGRAM else ("",)
        names |= {name + end for end in ends}
    return names


def metrics_in(expression: str) -> set[str]:
    return set(re.findall(r"\bwasl_\w+", expression))


def labels_in(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Each metric with the labels it is asked by, without those that Prometheus gives it."""
    for name, matchers in re.findall(r"\b(wasl_\w+)\{([^}]*)\}", expression):
        yield name, set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers)) - {"le", "job", "process", "instance"}


def labels_of(name: str) -> set[str]:
    """What `/metrics` labels it with."""
    if name in STANDARD:
        return set()
    return set(CATALOGUE[re.sub(r"_(bucket|sum|count)$", "", name.removeprefix(PREFIX))].labels)


# --- what promtool says ----------------------------------------------------------------------


def test_the_rules_are_rules() -> None:
    assert "SUCCESS" in says("promtool", "check", "rules", *RULE_FILES)


def test_the_configuration_is_one() -> None:
    assert "SUCCESS" in says("promtool", "check", "config", PROMETHEUS / "prometheus.yml")


def test_the_configuration_for_kubernetes_is_one(tmp_path: Path) -> None:
    """Debian's Prometheus is built without Kubernetes: that one key is looked at as if it were a list of files."""
    config = yaml.safe_load((PROMETHEUS / "prometheus.kubernetes.yml").read_text())
    [scrape] = config["scrape_configs"]
    assert scrape.pop("kubernetes_sd_configs") == [{"role": "pod"}]
    scrape["file_sd_configs"] = [{"files": [str(PROMETHEUS / "targets" / "compose.yml")]}]
    config["rule_files"] = [str(PROMETHEUS / "rules" / "*.yml")]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    assert "SUCCESS" in says("promtool", "check", "config", tmp_path / "prometheus.yml")


@pytest.mark.parametrize("scenarios", SCENARIOS, ids=lambda path: path.stem)
def test_each_alert_fires_in_its_scenario_and_not_when_all_is_well(scenarios: Path) -> None:
    assert "SUCCESS" in says("promtool", "test", "rules", scenarios)


# --- what promtool does not look at ------------------------------------------------------------


def test_every_alert_has_a_scenario_in_which_it_fires_and_one_in_which_it_does_not() -> None:
    fires, silent = set(), set()
    for file in SCENARIOS:
        tests = yaml.safe_load(file.read_text())["tests"]
        well = [test for test in tests if test["name"] == "all is well"]
        assert well, f"{file.name} has no scenario in which all is well"
        assert all(one["exp_samples"] == [] for one in well[0]["promql_expr_test"])
        for test in tests:
            for check in test.get("alert_rule_test", ()):
                (fires if check.get("exp_alerts") else silent).add(check["alertname"])
    assert fires == {alert.name for alert in ALERTS}
    assert silent <= fires


def test_a_scenario_tests_the_rules_of_its_own_file() -> None:
    assert [file.stem for file in SCENARIOS] == [file.stem for file in RULE_FILES if file.stem != "recording"]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_rules_ask_for_metrics_and_labels_that_exist(rule: Rule) -> None:
    expression = rule.content["expr"]
    assert metrics_in(expression) <= exported()
    recorded = {other.name for other in RULES if not other.is_alert}
    assert set(re.findall(r"\bwasl:[\w:]+", expression)) <= recorded
    for name, labels in labels_in(expression):
        assert labels <= labels_of(name), name


@pytest.mark.parametrize("alert", ALERTS, ids=lambda rule: rule.name)
def test_every_alert_says_how_urgent_it_is_and_what_to_do(alert: Rule) -> None:
    content, says_what = alert.content, alert.content["annotations"]
    assert content["labels"]["severity"] in {"page", "ticket"}
    assert content["labels"]["area"]
    assert says_what["summary"]
    assert len(says_what["description"]) > 40
    assert says_what["runbook_url"] == f"docs/runbook.md#{alert.name.lower()}"
    assert "for" in content or "increase(" in content["expr"] or "changes(" in content["expr"], "flaps"


def test_alert_names_are_unique() -> None:
    names = [rule.name for rule in RULES]
    assert len(names) == len(set(names))


def test_the_runbook_knows_every_alert_and_no_other() -> None:
    headings = re.findall(r"^### (Wasl\w+)$", (ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE)
    assert sorted(headings) == sorted(alert.name for alert in ALERTS)


def test_thresholds_of_histograms_are_buckets() -> None:
    """A quantile or a share is exact at a bucket's end alone."""
    for rule in RULES:
        for name, bound in re.findall(r'\bwasl_(\w+)_bucket\{le="([^"]+)"', rule.content["expr"]):
            assert float(bound) in CATALOGUE[name].bounds, rule.name


def test_compose_is_scraped_by_its_own_names() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    targets = yaml.safe_load((PROMETHEUS / "targets" / "compose.yml").read_text())
    hosts = {target.partition(":")[0] for group in targets for target in group["targets"]}
    assert hosts <= set(services)
    assert {group["labels"]["process"] for group in targets} == {"http", "consumer", "scheduler"}

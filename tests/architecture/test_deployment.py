"""What a deployment is made of names settings that exist, hides what is secret, and leaves time to stop."""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from config.settings import Settings, load_settings
from core.errors import SettingInvalid

ROOT = Path(__file__).resolve().parents[2]
KEYS = {name.upper() for name in Settings.model_fields}
SECRET = {name.upper() for name, field in Settings.model_fields.items() if "Secret" in str(field.annotation)}
GRACE = Settings().shutdown_grace
Spec = dict[str, Any]


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text())


def documents(folder: str) -> Iterator[Spec]:
    for path in sorted((ROOT / folder).glob("*.yaml")):
        if path.name != "kustomization.yaml":
            yield from yaml.safe_load_all(path.read_text())


APP = read("app.yaml")
COMPOSE = read("docker-compose.yml")
SCHEMA = json.loads((ROOT / "deploy/digitalocean/app-spec.schema.json").read_text())
KUBERNETES = list(documents("deploy/kubernetes/base"))
PODS = [one for one in KUBERNETES if one["kind"] in {"StatefulSet", "Deployment", "Job"}]
COMPONENTS = [one for kind in ("services", "workers", "jobs") for one in APP[kind]]


def test_secrets_are_known_as_such() -> None:
    assert {"TOKEN_KEYS", "ADMIN_API_KEY", "DATABASE_URL", "ZID_CLIENT_SECRET"} <= SECRET


# --- App Platform


def app_envs() -> list[Spec]:
    return [*APP["envs"], *(env for one in COMPONENTS for env in one.get("envs", ()))]


def test_the_app_spec_fits_its_schema() -> None:
    jsonschema.validate(APP, SCHEMA)


def without_cluster(spec: Spec) -> None:
    del spec["databases"][0]["cluster_name"]


def unknown_field(spec: Spec) -> None:
    spec["services"][0]["replicas"] = 2


def both_counts(spec: Spec) -> None:
    spec["services"][0]["instance_count"] = 2


def two_sources(spec: Spec) -> None:
    spec["workers"][0]["image"] = {"registry_type": "GHCR", "repository": "wasl"}


def no_value(spec: Spec) -> None:
    del spec["envs"][0]["value"]


def wrong_engine(spec: Spec) -> None:
    spec["databases"][1]["engine"] = "REDIS_OR_SO"


def half_an_alert(spec: Spec) -> None:
    del spec["services"][0]["alerts"][0]["window"]


def wrong_phase(spec: Spec) -> None:
    spec["jobs"][0]["kind"] = "BEFORE_DEPLOY"


@pytest.mark.parametrize(
    "spoil",
    [without_cluster, unknown_field, both_counts, two_sources, no_value, wrong_engine, half_an_alert, wrong_phase],
)
def test_the_schema_refuses_what_the_platform_would(spoil: Callable[[Spec], None]) -> None:
    spec = copy.deepcopy(APP)
    spoil(spec)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(spec, SCHEMA)


def test_the_app_spec_sets_what_there_is_and_hides_every_secret() -> None:
    envs = app_envs()
    assert {env["key"] for env in envs} <= KEYS
    secret = {env["key"] for env in envs if env.get("type") == "SECRET"}
    references = {env["key"] for env in envs if env.get("value", "").startswith("${")}
    named = {env["key"] for env in envs}
    assert (named & SECRET) - references <= secret
    assert not [env["key"] for env in envs if env.get("type") == "SECRET" and "value" in env]
    assert {env["scope"] for env in envs} == {"RUN_TIME"}


def test_the_app_spec_is_a_production_that_starts() -> None:
    reachable = {"${APP_URL}": "https://wasl.example.com", "${db.CA_CERT}": "/ca.pem"}
    reachable |= {"${db.DATABASE_URL}": "postgresql://wasl_app:p@db.example:25060/wasl?sslmode=require"}
    reachable |= {"${valkey.DATABASE_URL}": "rediss://default:p@valkey.example:25061"}
    given = {env["key"]: reachable.get(env["value"], env["value"]) for env in app_envs() if "value" in env}
    assert load_settings({**made_secrets(), **given, "MIGRATE_DATABASE_URL": given["DATABASE_URL"]}).production


def test_every_component_of_the_app_has_time_to_stop_and_is_probed() -> None:
    for one in COMPONENTS:
        assert one["termination"]["grace_period_seconds"] > GRACE, one["name"]
    for one in (*APP["services"], *APP["workers"]):
        assert one["liveness_health_check"]["http_path"] == "/health/live"
    assert [job["run_command"] for job in APP["jobs"] if job["kind"] == "PRE_DEPLOY"] == ["wasl migrate apply"]


def filled(**environment: str) -> subprocess.CompletedProcess[str]:
    command = [ROOT / "deploy/digitalocean/fill", ROOT / "app.yaml"]
    path = {"PATH": os.environ["PATH"]}
    return subprocess.run(command, env={**path, **environment}, capture_output=True, text=True, check=False, timeout=60)


def test_secrets_are_filled_in_as_they_are_and_the_rest_stays() -> None:
    odd = 'a"b=&c,d$e:@/#'
    values = {env["key"]: odd for env in app_envs() if env.get("type") == "SECRET"}
    done = filled(**values, APP_NAME="wasl-staging", DOMAIN="staging.example.com", REPO="me/app", BRANCH="next")
    assert done.returncode == 0, done.stderr
    spec = yaml.safe_load(done.stdout)
    jsonschema.validate(spec, SCHEMA)
    assert spec["name"] == "wasl-staging"
    assert spec["domains"][0]["domain"] == "staging.example.com"
    assert {one["github"]["repo"] for one in spec["services"] + spec["workers"] + spec["jobs"]} == {"me/app"}
    assert {env["value"] for env in spec["envs"] if env.get("type") == "SECRET"} == {odd}
    again = filled(**values)
    assert yaml.safe_load(again.stdout)["services"] == APP["services"]


def test_a_secret_that_is_missing_is_named_and_nothing_is_printed() -> None:
    done = filled(TOKEN_KEYS="x")
    assert (done.returncode, done.stdout) == (1, "")
    assert "WEBHOOK_SECRET" in done.stderr
    assert "TOKEN_KEYS" not in done.stderr


# --- Compose


def made_secrets(mode: str = "") -> dict[str, str]:
    done = subprocess.run(
        [ROOT / "deploy/compose/make-env", mode], capture_output=True, text=True, check=True, timeout=60
    )
    lines = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines) | {
        "ZID_CLIENT_ID": "48",
        "ZID_APP_ID": "7",
        "ZID_CLIENT_SECRET": "s",
    }


def compose_environment(service: str) -> Mapping[str, str]:
    environment: Mapping[str, str] = COMPOSE["services"][service].get("environment", {})
    return environment


def test_no_password_has_a_default_and_each_is_made() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert ":-" not in re.sub(r"(?m)^#.*$", "", text)
    wanted = set(re.findall(r"\$\{(\w+):\?", text))
    assert wanted
    one, other = made_secrets(), made_secrets()
    values = [made[name] for name in sorted(wanted) for made in (one, other)]
    assert len(set(values)) == 2 * len(wanted), "each is random"


@pytest.mark.parametrize("service", ["http-1", "http-2", "consumer", "scheduler", "migrate"])
def test_composed_processes_are_given_settings_that_start_in_production(service: str) -> None:
    given = made_secrets() | {"PUBLIC_URL": "https://wasl.example.com"}
    ours = compose_environment(service)
    assert set(ours) <= KEYS | {"POSTGRES_PASSWORD", "OWNER_PASSWORD", "GRAFANA_PASSWORD"}
    filled_in = {key: re.sub(r"\$\{(\w+):\?[^}]*\}", lambda name: given[name[1]], value) for key, value in ours.items()}
    assert load_settings({**given, **filled_in}).production
    with pytest.raises(SettingInvalid, match="PLAIN_SERVERS"):
        load_settings({**given, **filled_in, "PLAIN_SERVERS": ""})


def test_only_migrations_get_the_owners_role() -> None:
    owners = [name for name in COMPOSE["services"] if "MIGRATE_DATABASE_URL" in compose_environment(name)]
    assert owners == ["migrate"]


def test_composed_containers_are_hardened_limited_and_published_to_this_machine_alone() -> None:
    for name, service in COMPOSE["services"].items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert set(service["deploy"]["resources"]["limits"]) >= {"cpus", "memory"}, name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name
    for server in ("postgres", "valkey"):
        assert "ports" not in COMPOSE["services"][server]
        assert COMPOSE["services"][server]["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}


def test_composed_processes_have_time_to_stop() -> None:
    for name in ("http-1", "http-2", "consumer", "scheduler"):
        assert float(COMPOSE["services"][name]["stop_grace_period"].rstrip("s")) > GRACE


def test_files_that_containers_mount_are_there() -> None:
    mounted = [
        volume.split(":")[0]
        for one in COMPOSE["services"].values()
        for volume in one.get("volumes", ())
        if "./" in volume
    ]
    assert mounted
    assert [path for path in mounted if not (ROOT / path).exists()] == []


# --- Kubernetes


def pod(workload: Spec) -> Spec:
    spec: Spec = workload["spec"]["template"]["spec"]
    return spec


def named(kind: str, name: str) -> Spec:
    return next(one for one in KUBERNETES if (one["kind"], one["metadata"]["name"]) == (kind, name))


@pytest.mark.parametrize("workload", PODS, ids=lambda one: str(one["metadata"]["name"]))
def test_pods_keep_the_restricted_standard(workload: Spec) -> None:
    spec = pod(workload)
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in spec["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"]
        assert "/tmp" in {mount["mountPath"] for mount in container["volumeMounts"]}


@pytest.mark.parametrize(
    "workload", [one for one in PODS if one["kind"] != "Job"], ids=lambda one: str(one["metadata"]["name"])
)
def test_pods_have_time_to_stop_and_three_probes(workload: Spec) -> None:
    spec = pod(workload)
    (container,) = spec["containers"]
    before = 5 if "lifecycle" in container else 0
    assert spec["terminationGracePeriodSeconds"] > GRACE + before
    probes = {name: container[name]["httpGet"]["path"] for name in ("startupProbe", "readinessProbe", "livenessProbe")}
    assert probes["livenessProbe"] == probes["startupProbe"] == "/health/live"
    assert {probe["httpGet"]["port"] for name, probe in container.items() if name.endswith("Probe")} == {
        container["ports"][0]["name"]
    }


def test_kubernetes_sets_what_there_is() -> None:
    config = named("ConfigMap", "wasl")["data"]
    assert set(config) <= KEYS
    assert not set(config) & SECRET
    told = (ROOT / "deploy/kubernetes/base/config.yaml").read_text()
    wanted = set(re.findall(r"\b[A-Z]{2,}(?:_[A-Z]+)+\b", "\n".join(re.findall(r"(?m)^#.*$", told))))
    assert wanted <= KEYS
    assert load_settings(
        {
            **config,
            **{key: value for key, value in made_secrets().items() if key in wanted},
            "DATABASE_URL": "postgresql://wasl_app:p@db.example/wasl?sslmode=verify-full",
            "REDIS_URL": "rediss://:p@valkey.example",
        }
    ).production


def test_every_workload_has_a_budget_for_disruptions_and_http_a_volume() -> None:
    budgets = {one["metadata"]["name"] for one in KUBERNETES if one["kind"] == "PodDisruptionBudget"}
    assert budgets == {one["metadata"]["name"] for one in PODS if one["kind"] != "Job"}
    http = named("StatefulSet", "wasl-http")
    (claim,) = http["spec"]["volumeClaimTemplates"]
    mounts = {mount["mountPath"]: mount["name"] for mount in pod(http)["containers"][0]["volumeMounts"]}
    assert mounts["/var/lib/wasl/spool"] == claim["metadata"]["name"]


def test_autoscalers_and_services_name_what_there_is() -> None:
    for one in KUBERNETES:
        if one["kind"] == "HorizontalPodAutoscaler":
            target = one["spec"]["scaleTargetRef"]
            assert named(target["kind"], target["name"])
        if one["kind"] == "Service":
            assert [two for two in PODS if two["spec"]["template"]["metadata"]["labels"] == one["spec"]["selector"]]


def test_kustomizations_name_files_that_are_there() -> None:
    for path in (ROOT / "deploy/kubernetes").rglob("kustomization.yaml"):
        listed = yaml.safe_load(path.read_text())["resources"]
        assert [one for one in listed if not (path.parent / one).exists()] == [], path
    base = yaml.safe_load((ROOT / "deploy/kubernetes/base/kustomization.yaml").read_text())["resources"]
    there = {path.name for path in (ROOT / "deploy/kubernetes/base").glob("*.yaml")} - {"kustomization.yaml"}
    assert set(base) == there


# --- Image and workflows


def test_the_image_holds_every_package_and_the_locks_agree() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    copied = set(re.findall(r"(?m)^COPY (\w+) \1$", dockerfile))
    packages = re.search(r"packages = \[(.*)\]", (ROOT / "pyproject.toml").read_text())
    assert packages
    assert copied == set(re.findall(r'"(\w+)"', packages[1]))
    ours, extras = (versions(name) for name in ("requirements.txt", "deploy/image/extras.txt"))
    assert {name: (version, ours[name]) for name, version in extras.items() if ours.get(name, version) != version} == {}


def versions(name: str) -> dict[str, str]:
    return dict(re.findall(r"(?m)^([a-z0-9-]+)==([^ ;]+)", (ROOT / name).read_text()))


def test_workflows_start_with_no_rights_and_test_every_python() -> None:
    for path in (ROOT / ".github/workflows").glob("*.yml"):
        workflow = yaml.safe_load(path.read_text())
        assert workflow["permissions"] == {}, path
        assert [name for name, job in workflow["jobs"].items() if "permissions" not in job] == [], path
    test = read(".github/workflows/test.yml")["jobs"]["test"]
    assert test["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13", "3.14"]
    assert "run: .ci/run" in (ROOT / ".github/workflows/test.yml").read_text()


def test_a_deployment_is_given_every_secret_of_the_app_spec() -> None:
    workflow = (ROOT / ".github/workflows/deploy.yml").read_text()
    secret = {env["key"] for env in app_envs() if env.get("type") == "SECRET"}
    assert {name for name in secret if f"{name}: ${{{{ secrets.{name} }}}}" not in workflow} == set()


# --- The checks themselves


def checker(name: str) -> list[str]:
    """The command of .ci/deployment whose line has this in it, without the files that it looks at."""
    script = (ROOT / ".ci/deployment").read_text().replace("\\\n", " ")
    (line,) = [one for one in script.splitlines() if one.startswith("quiet $bin/") and name in one]
    words = [word.replace("$bin/", f"{ROOT}/.venv/bin/") for word in line.split()[1:]]
    return [word for word in words if not word.endswith((".yml", ".yaml", "Dockerfile"))]


@pytest.mark.parametrize(
    ("name", "file", "right", "wrong"),
    [
        ("hadolint", "Dockerfile", "USER 10001", "USER root"),
        ("compose-spec", "docker-compose.yml", "interval:", "intervall:"),
        ("github-workflows", ".github/workflows/test.yml", "runs-on:", "run-on:"),
        ("dependabot", ".github/dependabot.yml", "interval: weekly", "interval: sometimes"),
        ("app-spec.schema.json app.yaml", "app.yaml", "http_port:", "http_prot:"),
        ("kubernetes-validate", "deploy/kubernetes/base/http.yaml", "readOnlyRootFilesystem", "readOnlyRootFs"),
    ],
)
def test_a_check_finds_what_is_wrong(name: str, file: str, right: str, wrong: str, tmp_path: Path) -> None:
    spoiled = tmp_path / Path(file).name
    text = (ROOT / file).read_text()
    assert right in text
    spoiled.write_text(text.replace(right, wrong))
    done = subprocess.run([*checker(name), spoiled], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode != 0, done.stdout
    assert wrong.strip(":").split()[-1] in done.stdout + done.stderr

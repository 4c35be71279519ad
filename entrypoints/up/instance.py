"""One `wasl up`: what it takes before anything is started, and what its processes are started with."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from adapters.embedded import DataDir, EmbeddedServerError
from config.settings import Settings, load_settings
from entrypoints.failures import CommandFailed
from entrypoints.listening import listen, port_of
from entrypoints.up.parts import Part
from entrypoints.up.plan import DEFAULT_HOST, Addresses, Plan, decided, http_url, process_environment
from entrypoints.up.run_file import RunningUp
from entrypoints.up.secrets_file import FILE_NAME as SECRETS_FILE
from entrypoints.up.secrets_file import ensure_secrets
from entrypoints.up.servers import Databases, databases_of
from entrypoints.up.watchdog import FROZEN_SECONDS

HTTP_PROCESSES: Final = 2
LOG_FOLDER: Final = "logs"
SANDBOX_STATE: Final = "sandbox.json"


@dataclass(frozen=True, slots=True)
class Ground:
    """What is ours before anything is started: the data directory, its secrets, the listening sockets."""

    data_dir: DataDir
    is_new: bool
    secrets: Mapping[str, str]
    http: socket.socket
    sandbox: socket.socket | None


@dataclass(frozen=True, slots=True)
class Instance:
    """Everything that is known once the ground is taken; `environment` is that of the processes."""

    plan: Plan
    ground: Ground
    databases: Databases
    environment: Mapping[str, str]
    decided: Mapping[str, str]
    settings: Settings

    @property
    def local_url(self) -> str:
        """Where this machine reaches the service, whatever PUBLIC_URL says."""
        return http_url(self.plan.host, port_of(self.ground.http))

    @property
    def log_folder(self) -> Path:
        return self.plan.data_dir / LOG_FOLDER

    @property
    def sandbox_url(self) -> str | None:
        return http_url(DEFAULT_HOST, port_of(self.ground.sandbox)) if self.ground.sandbox else None


def take_ground(plan: Plan, stack: ExitStack) -> Ground:
    """Takes all that may be refused, before anything is started; the stack gives it back."""
    is_new = not (plan.data_dir / SECRETS_FILE).exists()
    try:
        data_dir = stack.enter_context(DataDir(plan.data_dir))
        secrets = ensure_secrets(plan.data_dir / SECRETS_FILE)
    except (EmbeddedServerError, OSError) as error:
        raise CommandFailed(str(error)) from error
    http = stack.enter_context(closing(listen(plan.host, plan.port, "--port")))
    sandbox = None
    if plan.sandbox_port is not None:
        sandbox = stack.enter_context(closing(listen(DEFAULT_HOST, plan.sandbox_port, "--sandbox-port")))
    return Ground(data_dir, is_new, secrets, http, sandbox)


def instance_on(plan: Plan, ground: Ground) -> Instance:
    """The instance; SettingInvalid where a key of the environment is wrong, told once and not by five processes."""
    databases = databases_of(plan, ground.data_dir)
    addresses = Addresses(
        port=port_of(ground.http),
        sandbox_port=port_of(ground.sandbox) if ground.sandbox else None,
        database_url=databases.database_url,
        migrate_database_url=databases.migrate_database_url,
        redis_url=databases.redis_url,
    )
    environment = process_environment(plan, ground.secrets, addresses)
    return Instance(
        plan, ground, databases, environment, decided(plan, ground.secrets, addresses), load_settings(environment)
    )


def running(instance: Instance, pid: int) -> RunningUp:
    """What the other commands may know of it."""
    return RunningUp(pid, instance.local_url, instance.sandbox_url, instance.decided)


def sandbox_parts(instance: Instance) -> Sequence[Part]:
    """The sandbox's process, or none."""
    if instance.ground.sandbox is None:
        return []
    descriptor = instance.ground.sandbox.fileno()
    state = str(instance.plan.data_dir / SANDBOX_STATE)
    return [_part(instance, "sandbox", ["sandbox", "--fd", str(descriptor), "--state", state], descriptor)]


def service_parts(instance: Instance) -> Sequence[Part]:
    """The service's processes; all http ones accept from the same socket."""
    descriptor = instance.ground.http.fileno()
    http = [
        replace(
            _part(instance, f"http-{number}", ["http", "--fd", str(descriptor)], descriptor),
            frozen_after=FROZEN_SECONDS,
        )
        for number in range(1, HTTP_PROCESSES + 1)
    ]
    return [*http, _part(instance, "consumer", ["consumer"]), _part(instance, "scheduler", ["scheduler"])]


def _part(instance: Instance, name: str, arguments: Sequence[str], *descriptors: int) -> Part:
    log = instance.log_folder / f"{name}.log"
    return Part(name, arguments, instance.environment, log, descriptors)

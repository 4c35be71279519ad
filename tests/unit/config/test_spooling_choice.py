"""Which spool a setting stands for."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from adapters.files.file_spool import FileSpool
from adapters.redis.connection import open_redis
from adapters.redis.spool import RedisSpool
from adapters.sealing.fernet import FernetSealer
from config.settings import load_settings
from config.spooling import spool_of
from core.domain.secret import Secret
from core.errors import SettingInvalid
from entrypoints.cli.environment import settings_for


def sealer() -> FernetSealer:
    return FernetSealer((Secret(Fernet.generate_key().decode()),))


async def test_a_file_is_the_default_and_redis_only_what_is_asked_for() -> None:
    clients = open_redis("redis://127.0.0.1:1")
    assert isinstance(spool_of(load_settings({}), clients, sealer), FileSpool)
    assert isinstance(spool_of(load_settings({"SPOOL": "redis"}), clients, sealer), RedisSpool)
    with pytest.raises(SettingInvalid, match="REDIS_URL is not set"):
        spool_of(load_settings({"SPOOL": "redis"}), None, sealer)
    await clients.aclose()


def test_the_spool_lies_in_the_data_directory_unless_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPOOL_DIR", raising=False)
    assert settings_for(tmp_path).spool_dir == tmp_path / "spool"
    monkeypatch.setenv("SPOOL_DIR", "/var/spool/wasl")
    assert settings_for(tmp_path).spool_dir == Path("/var/spool/wasl")


@pytest.mark.parametrize("given", [{"SPOOL": "disk"}, {"SPOOL_MAX_BYTES": "10"}])
def test_a_wrong_value_is_named(given: dict[str, str]) -> None:
    with pytest.raises(SettingInvalid, match=next(iter(given))):
        load_settings(given)

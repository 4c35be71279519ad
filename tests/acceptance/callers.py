"""A process of the service's own parts that does as it is told: many callers of Zid at the same time.

Reads lines `{"store_id", "callers"}` from stdin and answers each with `{"ok", "refused", "failed"}`. Its first line
names its worker.
"""

import asyncio
import json
import sys
from collections import Counter
from pathlib import Path

import structlog

from core.domain.operations.account import GetProfile
from core.errors import NeedsReauthorization, WaslError
from core.ids import StoreId
from core.ports.zid_gateway import ZidGateway
from entrypoints.cli.environment import settings_for
from entrypoints.wiring import daemon


async def main(data_dir: Path, name: str) -> None:
    async with daemon(settings_for(data_dir), name) as parts:
        say({"worker": parts.lease.worker})
        while line := await asyncio.to_thread(sys.stdin.readline):
            asked = json.loads(line)
            calls = [call(parts.features.gateway(), StoreId(asked["store_id"])) for _ in range(asked["callers"])]
            say(Counter(await asyncio.gather(*calls)))


async def call(gateway: ZidGateway, store_id: StoreId) -> str:
    """How one caller fared: `ok`, `refused`, or what else happened."""
    try:
        profile = await gateway.perform(store_id, GetProfile())
    except NeedsReauthorization:
        return "refused"
    except WaslError as error:
        return f"{type(error).__name__}: {error}"
    return "ok" if profile.store_id == store_id else f"store {profile.store_id}"


def say(document: object) -> None:
    print(json.dumps(document), flush=True)


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))

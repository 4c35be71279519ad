"""A process of the service's own parts that does as it is told: many callers of Zid at the same time.

Reads lines `{"store_id", "callers"}` from stdin and answers each with how they fared, `{"ok", "refused", …}`, and the
worker it is by then: another one than before when its lease ran out meanwhile. Its first line names its worker, too.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from pathlib import Path

import structlog

from core.domain.operations.account import GetProfile
from core.errors import NeedsReauthorization, TryLater, WaslError
from core.ids import StoreId
from core.ports.zid_gateway import ZidGateway
from entrypoints.cli.environment import settings_for
from entrypoints.wiring import daemon

PATIENCE = 180.0
"""Seconds in which a caller comes again."""


async def main(data_dir: Path, name: str) -> None:
    async with daemon(settings_for(data_dir), name) as parts:
        say({"worker": parts.lease.worker})
        while line := await asyncio.to_thread(sys.stdin.readline):
            asked = json.loads(line)
            calls = [call(parts.features.gateway(), StoreId(asked["store_id"])) for _ in range(asked["callers"])]
            fared = Counter(await asyncio.gather(*calls))
            say({"fared": fared, "worker": parts.lease.worker})


async def call(gateway: ZidGateway, store_id: StoreId) -> str:
    """How one caller fared: `ok`, `refused`, or what else happened. It comes again when it is told to."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            profile = await gateway.perform(store_id, GetProfile())
        except NeedsReauthorization:
            return "refused"
        except TryLater as later:
            if time.monotonic() > until:
                return f"{type(later).__name__}: {later}"
            await asyncio.sleep(later.retry_after)
        except WaslError as error:
            return f"{type(error).__name__}: {error}"
        else:
            return "ok" if profile.store_id == store_id else f"store {profile.store_id}"


def say(document: object) -> None:
    print(json.dumps(document), flush=True)


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))

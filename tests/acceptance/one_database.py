"""Whether this run of the acceptance tests is of a service without Redis: ONE_DATABASE=1, as `make prove` sets it."""

import os
from collections.abc import Mapping, Sequence

ONE_DATABASE = os.environ.get("ONE_DATABASE") == "1"
_CHOSEN = {"--redis", "--no-redis"}


def without_redis(options: Sequence[str], given: Mapping[str, str]) -> list[str]:
    """The options of `wasl up` that leave Redis out, unless a test asks for the one or the other itself."""
    left_open = not _CHOSEN & {*options} and not given.get("REDIS_URL")
    return [*options, "--no-redis"] if ONE_DATABASE and left_open else [*options]

"""Every port of the core in memory: for tests and try-outs, never for production.

These adapters are the readable model of what the ports promise. One contract suite
per port runs on them and on the real adapters. Nothing survives the process.
"""

from typing import Final

from core.errors import SettingInvalid

PRODUCTION: Final = "production"


def refuse_production(environment: str) -> None:
    """Raises SettingInvalid where losing everything at the next restart would matter."""
    if environment.strip().lower() == PRODUCTION:
        raise SettingInvalid(
            "ENVIRONMENT",
            "the memory adapters keep nothing: set DATABASE_URL and REDIS_URL, or ENVIRONMENT=development",
        )

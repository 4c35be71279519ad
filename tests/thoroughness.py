"""How hard the property tests look.

The suite tries the same few examples every time: it is quick and never fails by chance. `make prove` tries many
more, and other ones each time (`--hypothesis-profile=thorough`).
"""

from hypothesis import HealthCheck, settings

EXAMPLES = 30
FACTOR = 33


def register() -> None:
    """Called before any test module is imported; a loaded machine is slow, and slowness is not what is tested."""
    anyhow = {"deadline": None, "suppress_health_check": list(HealthCheck)}
    settings.register_profile("suite", max_examples=EXAMPLES, derandomize=True, database=None, **anyhow)
    settings.register_profile("thorough", max_examples=EXAMPLES * FACTOR, print_blob=True, **anyhow)
    settings.load_profile("suite")


def examples(number: int) -> int:
    """So many in the suite, and as many times more as the profile tries elsewhere."""
    return max(1, number * settings().max_examples // EXAMPLES)

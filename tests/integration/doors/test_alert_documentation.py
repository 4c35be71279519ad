"""docs/alerts.md: its example is run on what is really sent, and its table holds every kind."""

import json
import re
from collections.abc import Callable
from pathlib import Path

from core.domain.alerts import AlertKind
from tests.integration.doors.test_alert_webhook import SECRET, Receiver, news, receiver, telling

__all__ = ["receiver"]
DOCS = Path(__file__).parents[3] / "docs"
TEXT = (DOCS / "alerts.md").read_text()


def example() -> Callable[..., bool]:
    [code] = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    names: dict[str, Callable[..., bool]] = {}
    exec(code, names)
    return names["is_genuine"]


async def test_the_example_knows_what_is_ours_and_nothing_else(receiver: Receiver) -> None:
    told = telling(receiver.url)
    await told.channel.tell(news())
    [(given, body)] = receiver.got
    headers = {name.lower(): value for name, value in given.items()}
    is_genuine, now, secret = example(), told.clock.now().timestamp(), SECRET.reveal()
    assert is_genuine(secret, headers, body, now)
    assert not is_genuine(secret, headers, body + b" ", now)
    assert not is_genuine(secret, headers, body, now + 301)
    assert not is_genuine(secret, headers | {"webhook-id": "alert_8_raised"}, body, now)
    assert not is_genuine("whsec_" + "A" * 44, headers, body, now)
    assert not is_genuine(secret, headers | {"webhook-signature": "v1,AAAA"}, body, now)


async def test_the_message_shown_has_the_fields_of_one_that_is_sent(receiver: Receiver) -> None:
    [shown] = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)
    await telling(receiver.url).channel.tell(news())
    sent = json.loads(receiver.got[0][1])
    assert json.loads(shown).keys() == sent.keys()
    assert json.loads(shown)["data"].keys() == sent["data"].keys()


def test_every_kind_is_explained_and_has_a_page_of_the_runbook() -> None:
    explained = re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE)
    advised = re.findall(r"^\| `(\w+)` \|", (DOCS / "runbook.md").read_text(), re.MULTILINE)
    assert sorted(explained) == sorted(advised) == sorted(kind.value for kind in AlertKind)

"""Which secrets could be guessed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from core.domain.diagnosis.findings import Code, Fact, Finding, Severity
from core.domain.secret import Secret

LEAST: Final = 32
"""Characters of a secret that programs make."""
LEAST_PASSWORD: Final = 12
"""Characters of a password in an address."""
_LEAST_DISTINCT: Final = 10
_WORDS: Final = (
    "123456", "admin_", "change-me", "change_me", "changeme", "default", "example", "insecure", "letmein", "password",
    "postgres", "qwerty", "replace-me", "secret", "wasl_app", "wasl_owner", "your-",
)  # fmt: skip
"""Long enough not to come up in a random text."""
PUBLISHED: Final = frozenset(
    {
        "cw_0x689RpI-jtRR7oE8h" + "_eQsKImvJapLeSbXpwF4e4=",  # the specification of Fernet
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",  # the specification of Standard Webhooks
        "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
    }
)


@dataclass(frozen=True, slots=True)
class NamedSecret:
    """A secret and where it is set. `least` characters are enough for it."""

    setting: str
    secret: Secret
    least: int = LEAST


def judge_secrets(secrets: Sequence[NamedSecret], missing: Sequence[str], *, production: bool) -> Sequence[Finding]:
    """What is missing, short, guessable, or used twice."""
    severity = Severity.PROBLEM if production else Severity.WARNING
    found = [Finding(Code.SECRET_MISSING, severity, {"setting": name}) for name in missing]
    for one in secrets:
        text = one.secret.reveal()
        if len(text) < one.least:
            facts: dict[str, Fact] = {"setting": one.setting, "length": len(text), "least": one.least}
            found.append(Finding(Code.SECRET_SHORT, severity, facts))
        elif is_guessable(text):
            found.append(Finding(Code.SECRET_GUESSABLE, severity, {"setting": one.setting}))
    return [*found, *_reused(secrets, severity)]


def is_guessable(text: str) -> bool:
    """Whether it is published, holds a common word, or is too regular to be random."""
    plain = text.lower()
    if text in PUBLISHED or any(word in plain for word in _WORDS):
        return True
    return len(set(text)) < min(_LEAST_DISTINCT, len(text) // 2) or _repeats(text)


def _repeats(text: str) -> bool:
    """Whether it is one piece over and over."""
    return text in (text + text)[1:-1]


def _reused(secrets: Iterable[NamedSecret], severity: Severity) -> Sequence[Finding]:
    first: dict[str, str] = {}
    found = []
    for one in secrets:
        owner = first.setdefault(one.secret.reveal(), one.setting)
        if owner != one.setting:
            found.append(Finding(Code.SECRET_REUSED, severity, {"setting": one.setting, "other": owner}))
    return found

"""How tokens stand, in a terminal's words. Never a token."""

from __future__ import annotations

from core.domain.token_claims import LocalCheck
from core.domain.token_trials import Trial
from core.features.check_tokens import Proof, Validation
from entrypoints.cli.output import Row


def validation_words(found: Validation) -> str | None:
    """`passed`, or what is wrong or odd; None where there are no tokens."""
    if found.problem:
        return f"cannot be read: {found.problem}"
    return local_words(found.local) if found.local else None


def local_words(check: LocalCheck) -> str:
    findings = ", ".join(finding.value for finding in check.findings)
    return ("passed" if check.passed else "failed") + (f" ({findings})" if findings else "")


def proof_row(proof: Proof) -> Row:
    """The outcome first, then one line for each question to Zid."""
    return {
        "store_id": proof.install.store_id,
        "works": proof.works,
        "failed_headers": list(proof.remote.failed_headers),
        "names_store": proof.remote.store_id,
        "local": local_words(proof.local),
        **{trial.dialect.value: _trial(trial) for trial in proof.remote.trials},
    }


def _trial(trial: Trial) -> str:
    details = [str(trial.status) if trial.status else "", trial.note or ""]
    told = ", ".join(part for part in details if part)
    return trial.verdict.value + (f" ({told})" if told else "")

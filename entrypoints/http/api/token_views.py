"""How tokens are shown: what they claim, what Zid makes of them. Never a token."""

from __future__ import annotations

from datetime import datetime

from core.domain.token_claims import Finding, LocalCheck
from core.domain.token_trials import Dialect, RemoteCheck, Trial, TrialVerdict
from core.features.check_tokens import Proof, Validation
from entrypoints.http.api.shapes import Told, utc


class LocalValidation(Told, frozen=True):
    """What the tokens say of themselves, asking nobody. `passed` is false where Zid cannot take them.

    `audience` should hold ZID_CLIENT_ID; findings that are odd but not wrong leave `passed` true. Times are the
    JWT's. `problem` says why the tokens could not be read; nothing else is known then.
    """

    passed: bool | None
    findings: list[Finding]
    audience: list[str] | None
    issued_at: datetime | None
    not_before: datetime | None
    expires_at: datetime | None
    problem: str | None = None


class TrialView(Told, frozen=True):
    """One question to Zid. `status` is null where it did not answer."""

    dialect: Dialect
    verdict: TrialVerdict
    status: int | None
    note: str | None


class RemoteValidation(Told, frozen=True):
    """What Zid says. `works` is null while it has not said; several headers where its answers fit several.

    `names_store` is the store that Zid says the tokens are of.
    """

    works: bool | None
    failed_headers: list[str]
    names_store: int | None
    trials: list[TrialView]


class TokensProven(Told, frozen=True):
    """`works`: Zid takes the tokens, for this store. Nothing was renewed or changed by asking."""

    store_id: int
    install_id: str
    works: bool | None
    local: LocalValidation
    remote: RemoteValidation


def validation_view(found: Validation) -> LocalValidation | None:
    """None where there are no tokens."""
    if found.local is not None:
        return local_view(found.local)
    return LocalValidation(None, [], None, None, None, None, found.problem) if found.problem else None


def local_view(check: LocalCheck) -> LocalValidation:
    claims = check.claims
    return LocalValidation(
        passed=check.passed,
        findings=list(check.findings),
        audience=list(claims.audience) if claims.audience is not None else None,
        issued_at=utc(claims.issued_at),
        not_before=utc(claims.not_before),
        expires_at=utc(claims.expires_at),
    )


def proof_view(proof: Proof) -> TokensProven:
    install = proof.install
    remote = _remote_view(proof.remote)
    return TokensProven(install.store_id, str(install.install_id), proof.works, local_view(proof.local), remote)


def _remote_view(check: RemoteCheck) -> RemoteValidation:
    trials = [_trial_view(trial) for trial in check.trials]
    return RemoteValidation(check.works, list(check.failed_headers), check.store_id, trials)


def _trial_view(trial: Trial) -> TrialView:
    return TrialView(trial.dialect, trial.verdict, trial.status, trial.note)

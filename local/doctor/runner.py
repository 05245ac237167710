"""Runs the checks of the doctor in their order. A check that depends on a failed one is skipped."""

from __future__ import annotations

from collections.abc import Mapping

from local.doctor import sign_in, storage_accounts
from local.doctor.checked_app import CheckedApp, Finding
from local.doctor.checks import CHECKS
from local.host.config.settings import STORAGE
from shared.errors import AccessDenied, LanguageError, Rejected, ResourceNotFound, TextdropError

LANGUAGE_FIXES: tuple[tuple[type[LanguageError], str], ...] = (
    (Rejected, "Correct LANGUAGE_API: the resource does not support this version."),
    (ResourceNotFound, "Correct LANGUAGE_ENDPOINT, or LANGUAGE_API."),
    (LanguageError, "Correct LANGUAGE_ENDPOINT, or check the resource's network rules."),
)
# The check that must be without findings before another one.
NEEDED = {
    "containers": "settings",
    "tables": "settings",
    "events": "settings",
    "Language service": "settings",
    "classifier": "Language service",
}
# The connection that a check uses. Without a key, it needs a login.
CONNECTIONS = {
    "host's storage": STORAGE,
    "documents' storage": storage_accounts.DOCUMENTS,
    "containers": storage_accounts.DOCUMENTS,
    "tables": storage_accounts.DOCUMENTS,
    "events": storage_accounts.DOCUMENTS,
    "Language service": sign_in.LANGUAGE,
}


def run_checks(app: CheckedApp) -> dict[str, list[Finding]]:
    """The findings of each check, in the order of CHECKS."""
    found: dict[str, list[Finding]] = {}
    for name in CHECKS:
        missing = [first for first in _needed(name, app) if any(finding.fix for finding in found[first])]
        found[name] = [_skipped(missing)] if missing else run_check(name, app)
    return found


def _needed(name: str, app: CheckedApp) -> list[str]:
    """The checks that must be without findings before this one."""
    login_needed = ["login"] if CONNECTIONS.get(name) in app.keyless else []
    return [NEEDED[name], *login_needed] if name in NEEDED else login_needed


def _skipped(missing: list[str]) -> Finding:
    return Finding("Not checked.", f"First correct the findings above: {', '.join(missing)}.", is_blocking=False)


def run_check(name: str, app: CheckedApp) -> list[Finding]:
    """The findings of one check. An unexpected error is a finding, too."""
    try:
        return list(CHECKS[name](app))
    except LanguageError as error:
        return [Finding(f"{app.services.settings.language_endpoint}: {error}", _language_fix(error, app))]
    except TextdropError as error:
        return [_storage_finding(error, app)]
    except Exception as error:  # noqa: BLE001  a check that fails does not block the others
        return [Finding(f"It cannot be checked ({type(error).__name__}).", "Correct its settings and files.")]


def _storage_finding(error: TextdropError, app: CheckedApp) -> Finding:
    fix = storage_accounts.fix(storage_accounts.cause(error), app.host, storage_accounts.DOCUMENTS)
    return Finding(storage_accounts.describe(error), fix)


def _language_fix(error: LanguageError, app: CheckedApp) -> str:
    if not isinstance(error, AccessDenied):
        return next(fix for kind, fix in LANGUAGE_FIXES if isinstance(error, kind))
    if app.services.settings.language_key:
        return "Correct LANGUAGE_KEY, or check the resource's network rules."
    return storage_accounts.SIGN_IN if error.__cause__ else "Give the identity Cognitive Services Language Owner."


def blocking_count(found: Mapping[str, list[Finding]]) -> int:
    """The number of blocking problems. A problem that several checks find counts once."""
    return len(
        {finding.fix for findings in found.values() for finding in findings if finding.fix and finding.is_blocking}
    )

"""How new files are noticed, in one sentence with its reason: events, the sweep, or neither. Pure decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from local.doctor.azure.deployment import Evidence, NotKnown
from local.doctor.checked_app import Finding
from shared.errors import SettingsError
from shared.settings import load

Findings = Mapping[str, Sequence[Finding]]
WITHOUT = ("subscription", "app", "settings")  # without these, nothing notices files
EVENTS = ("always-ready instance", "event topic", "event subscription")
SWEEP = ("container", "tick", "sweep")  # the checks of health that it depends on
DEPLOY = "Deploy the app again: azd deploy"
UNKNOWN = "It is not known how files are noticed"
NOTICED = "Events arrive: a file is noticed within seconds"
WITHIN_SECONDS = "Events arrive: a file is classified within seconds"


def verdict(evidence: Evidence, found: Findings) -> str:
    """Such as "Events do not arrive: the sweep finds files every 5 minutes. REASON WHAT TO DO"."""
    if stops := _first(found, *WITHOUT):
        said = UNKNOWN if _is_unknown(stops) else "Files are not noticed"
        return f"{said}: {_because(stops)}"
    events, sweep = _without_events(evidence, found), _without_sweep(evidence)
    if events is None:
        return _with_events(found, sweep)
    if sweep is not None:
        said = UNKNOWN if _is_unknown(sweep) else "Neither events nor the sweep find files"
        return f"{said}: {_because(sweep)}"
    said = "It is not known whether events arrive" if _is_unknown(events) else "Events do not arrive"
    return f"{said}: the sweep finds files every {_minutes(evidence)}. {_because(events)}"


def _with_events(found: Findings, sweep: Finding | None) -> str:
    waits = next((finding for finding in found["classifier"] if finding.fix), None)
    said = f"{NOTICED}. {_because(waits)}" if waits else f"{WITHIN_SECONDS}."
    return f"{said} But a file whose event is lost is not found: {_because(sweep)}" if sweep else said


def _without_events(evidence: Evidence, found: Findings) -> Finding | None:
    """Why no event leads to a document; None if nothing is known to keep them."""
    if not _is_enabled(evidence, "document_landed"):
        return Finding("The function document_landed is not there, or disabled.", DEPLOY)
    return next((one for name in EVENTS for one in found[name] if _keeps_events(one, evidence)), None)


def _keeps_events(finding: Finding, evidence: Evidence) -> bool:
    return bool(finding.fix) and (finding.is_blocking or not evidence.environment.has_file_events)


def _without_sweep(evidence: Evidence) -> Finding | None:
    """Why the sweep does not find files; None if it does."""
    if not _is_enabled(evidence, "tick"):
        return Finding("The function tick is not there, or disabled.", DEPLOY)
    if isinstance(evidence.health, NotKnown):
        return evidence.health
    red = (one for one in evidence.health.problems if one[0] in SWEEP and one[1] == "red")
    return next((Finding(f"{name} is red: {detail}", "Correct it first.") for name, _, detail in red), None)


def _is_enabled(evidence: Evidence, function: str) -> bool:
    return isinstance(evidence.functions, NotKnown) or evidence.functions.get(function, False)


def _first(found: Findings, *checks: str) -> Finding | None:
    return next((one for name in checks for one in found[name] if one.fix and one.is_blocking), None)


def _is_unknown(finding: Finding) -> bool:
    return isinstance(finding, NotKnown) and not finding.is_absent


def _because(finding: Finding) -> str:
    end = "" if finding.fix.endswith(".") else "."
    return f"{finding.what} {finding.fix}{end}"


def _minutes(evidence: Evidence) -> str:
    """The app's setting SWEEP_MINUTES, or its default."""
    try:
        number = load({} if isinstance(evidence.settings, NotKnown) else evidence.settings).sweep_minutes
    except SettingsError:
        return "few minutes"
    return "minute" if number == 1 else f"{number} minutes"

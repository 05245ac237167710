"""Asks the deployed app over HTTP. Its key is sent to its own address only, and never shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from local.doctor.azure.commands import Unanswered
from local.doctor.azure.deployment import Health, Keys, Site, UsedClassifier
from local.host.http.key_auth import HEADER
from shared.errors import NotFound, SettingsError
from shared.language import endpoint
from shared.language.types import Classifier, Deployment

SECONDS = 60.0  # an app without an instance starts one first
NOT_OURS = "Another app has this address, or the deployment is not complete: azd deploy"
REFUSALS = {
    401: ("It refuses its own function key (401).", "If Easy Auth is on, exclude the paths that docs/azure.md names."),
    403: ("It refuses the connection (403).", "Allow this machine in the app's access restrictions."),
    404: ("There is no textdrop at this address (404).", NOT_OURS),
}
NO_ANSWER = "See the app's log: az webapp log tail, or Application Insights."
NOT_FOUND, NOT_SUPPORTED = 404, 501
DENIED = (401, 403)  # by the host or by what is before it: the app itself never answers with these


class DeployedApp:
    """The HTTP API of an app. Raises Unanswered if `url` is not an address of `site`, which the key is for."""

    def __init__(self, url: str, site: Site, keys: Keys) -> None:
        self._url, self._key = url.rstrip("/"), keys.function
        self._check(site)

    def health(self) -> Health:
        status, body = self._ask("health")
        if not isinstance(body, dict) or "checks" not in body:
            raise _unexpected(status, body)
        problems = [one for one in body["checks"] if one["status"] != "ok"]
        return Health(body["status"], tuple((one["name"], one["status"], one.get("detail", "")) for one in problems))

    def classifier(self) -> UsedClassifier:
        """The default classifier, with its deployment if there is such a one."""
        status, body = self._ask("classifier")
        if (status, _code(body)) == (NOT_FOUND, NotFound.code):
            return UsedClassifier(None)
        if status != requests.codes.ok:
            raise _unexpected(status, body)
        found = Classifier("", *(body.get(name, "") for name in ("project", "deployment", "modelId")))
        if found.model_id:
            return UsedClassifier(found, is_shown=False)
        path = "projects/{project}/deployments/{deployment}"
        status, body = self._ask(endpoint.path(path, project=found.project, deployment=found.deployment))
        if status in (NOT_FOUND, NOT_SUPPORTED):
            return UsedClassifier(found, is_shown=status != NOT_SUPPORTED)
        if status != requests.codes.ok:
            raise _unexpected(status, body)
        expires = datetime.fromisoformat(body["expires"]) if body.get("expires") else None
        return UsedClassifier(found, Deployment(body["name"], body["model"], expires=expires))

    def _check(self, site: Site) -> None:
        try:
            endpoint.Endpoint.of(self._url)
        except SettingsError:
            is_ours = False
        else:
            is_ours = urlsplit(self._url).netloc.lower() in site.hosts
        if not is_ours:
            raise Unanswered(
                "TEXTDROP_URL in azd's environment is not an address of the function app.",
                "Read it again: azd env refresh",
            )

    def _ask(self, path: str) -> tuple[int, Any]:
        """Redirects are not followed: the key would be sent along."""
        try:
            answer = requests.get(
                f"{self._url}/{path}", headers={HEADER: self._key}, timeout=SECONDS, allow_redirects=False
            )
        except requests.RequestException:
            raise Unanswered(f"There is no answer from {self._url}.", NO_ANSWER) from None
        try:
            return answer.status_code, answer.json()
        except requests.JSONDecodeError:
            raise _unexpected(answer.status_code) from None


def _code(body: Any) -> str:
    error = body.get("error") if isinstance(body, dict) else None
    return str(error.get("code", "")) if isinstance(error, dict) else ""


def _unexpected(status: int, body: Any = None) -> Unanswered:
    if (code := _code(body)) and status not in DENIED:
        return Unanswered(f"The app answers {status} ({code}).", "See what GET /api/health says.")
    if requests.codes.multiple_choices <= status < requests.codes.bad_request:
        return Unanswered(f"It redirects to another address ({status}).", REFUSALS[401][1])
    return Unanswered(*REFUSALS.get(status, (f"It answers {status}, and not as textdrop does.", NO_ANSWER)))

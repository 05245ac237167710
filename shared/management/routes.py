"""The table of routes: method and path -> action. JSON in and out; every error leaves by one road, in one shape."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from werkzeug.exceptions import MethodNotAllowed
from werkzeug.exceptions import NotFound as NoSuchRoute
from werkzeug.routing import Map, Rule

from shared.errors import TextdropError
from shared.management import pipeline, projects, steering
from shared.management.requests import Answer, Request
from shared.services import Services

log = logging.getLogger(__name__)

Action = Callable[..., Answer]

ROUTES: tuple[tuple[str, str, Action], ...] = (
    ("GET", "projects", projects.list_projects),
    ("POST", "projects", projects.create_project),
    ("GET", "projects/<project>", projects.get_project),
    ("DELETE", "projects/<project>", projects.delete_project),
    ("POST", "projects/<project>/train", projects.train),
    ("GET", "projects/<project>/train/jobs/<key>", projects.training),
    ("POST", "projects/<project>/publish", projects.publish),
    ("GET", "projects/<project>/publish/jobs/<key>", projects.publishing),
    ("GET", "projects/<project>/models", projects.list_models),
    ("GET", "projects/<project>/models/<model>", projects.get_model),
    ("DELETE", "projects/<project>/models/<model>", projects.delete_model),
    ("GET", "projects/<project>/models/<model>/evaluation", projects.evaluation),
    ("GET", "projects/<project>/deployments", projects.list_deployments),
    ("GET", "classifier", steering.get_classifier),
    ("PUT", "classifier", steering.put_classifier),
    ("GET", "documents", pipeline.list_documents),
    ("GET", "documents/<key>", pipeline.get_document),
    ("POST", "documents/replay", steering.replay_documents),
    ("POST", "documents/purge", steering.purge_documents),
    ("GET", "jobs", pipeline.list_jobs),
    ("GET", "jobs/<key>", pipeline.get_job),
    ("GET", "operations", pipeline.list_operations),
    ("GET", "operations/<key>", pipeline.get_operation),
    ("GET", "submission", steering.get_submission),
    ("PUT", "submission", steering.put_submission),
    ("GET", "sweep", steering.get_sweep),
    ("POST", "sweep", steering.begin_sweep),
    ("GET", "health", pipeline.health),
)

_map = Map(
    [Rule(f"/{path}", methods=[method], endpoint=action) for method, path, action in ROUTES],
    strict_slashes=False,
    merge_slashes=False,
).bind("textdrop")


def answer(request: Request, services: Callable[[], Services], now: datetime) -> Answer:
    """Find the action and run it. Never raises: trouble becomes an error answer, and what is unforeseen is logged."""
    try:
        action, arguments = _map.match(f"/{request.path}", method=request.method)
        return action(services(), request, now, **arguments)  # type: ignore[no-any-return]
    except MethodNotAllowed as error:
        allowed = ", ".join(sorted(error.valid_methods or ()))
        return _error(405, "MethodNotAllowed", f"This path takes {allowed}.", {"Allow": allowed})
    except NoSuchRoute:
        return _error(404, "NotFound", "There is no such path; GET /api/health tells how the app is.")
    except TextdropError as error:
        return _error(error.status, error.code, str(error), _wait(error))
    except Exception:
        log.exception("%s %s failed.", request.method, request.path)
        return _error(500, "Unexpected", "Something unforeseen went wrong; the app's log has it.")


def _error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, {"error": {"code": code, "message": message}}, headers or {})


def _wait(error: TextdropError) -> dict[str, str]:
    seconds = getattr(error, "retry_after", None)
    return {"Retry-After": str(max(1, round(seconds)))} if seconds is not None else {}

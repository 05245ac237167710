"""The table of routes: method and path -> action. JSON in and out; every error leaves by one road, in one shape."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from werkzeug.exceptions import MethodNotAllowed
from werkzeug.exceptions import NotFound as NoSuchRoute
from werkzeug.routing import Map, Rule

from shared.api import bodies, openapi
from shared.api.actions import deployments, documents, exports, health, listings, models, projects, steering
from shared.api.call import Call
from shared.api.reading import read
from shared.api.requests import Request, Response, is_json, is_plain, require_known
from shared.api.route import Route
from shared.api.schemas import OF_DOCUMENTS, OF_FILES, OF_JOBS, OF_OPERATIONS, OF_TEXT, PAGED
from shared.domain.text import MAX_FILE, MAX_TEXT
from shared.errors import ContentTooLarge, Fault, TextdropError, UnsupportedMediaType
from shared.services import Services

log = logging.getLogger(__name__)


def get_index(_: Call[None]) -> Response:
    """The addresses to begin with."""
    return Response(200, openapi.index(ROUTES))


def get_open_api(_: Call[None]) -> Response:
    """The description of all routes, in OpenAPI 3.1."""
    return Response(200, openapi.document(ROUTES))


MAX_DOCUMENT = 6 * MAX_TEXT + 100_000  # a character may take six bytes in JSON; and there are other fields
ONE = (400, 404)
CHANGE = (400, 409)  # something else changed it, or is under way
AUTHORING = (400, 404, 409, 501, 502)  # whatever the Language service may have against it

ROUTES: tuple[Route, ...] = (
    Route("GET", "", get_index, {200: "Index"}),
    Route("GET", "projects", projects.list_projects, {200: "Projects"}, troubles=AUTHORING),
    Route("POST", "projects", projects.create_project, {202: "Operation"}, bodies.NewProject, troubles=AUTHORING),
    Route("GET", "projects/<project>", projects.get_project, {200: "Project"}, troubles=AUTHORING),
    Route(
        "PATCH",
        "projects/<project>",
        projects.update_project,
        {200: "Project"},
        bodies.ProjectChange,
        troubles=AUTHORING,
    ),
    Route("DELETE", "projects/<project>", projects.delete_project, {202: "Operation"}, troubles=AUTHORING),
    Route(
        "POST",
        "projects/<project>/import",
        projects.import_labels,
        {202: "Operation"},
        bodies.LabelsImport,
        troubles=AUTHORING,
    ),
    Route(
        "POST",
        "projects/<project>/export",
        projects.export_labels,
        {202: "Operation"},
        bodies.LabelsExport,
        troubles=AUTHORING,
    ),
    Route(
        "POST",
        "projects/<project>/labels/check",
        projects.check_labels,
        {200: "LabelsProof"},
        bodies.LabelsCheck,
        troubles=AUTHORING,
    ),
    Route(
        "POST",
        "projects/<project>/labels/convert",
        projects.convert_labels,
        {200: "LabelsFile"},
        bodies.LabelsConversion,
        troubles=AUTHORING,
    ),
    Route("GET", "languages", projects.list_languages, {200: "Languages"}, troubles=AUTHORING),
    Route(
        "POST", "projects/<project>/train", models.train_model, {202: "Operation"}, bodies.TrainTask, troubles=AUTHORING
    ),
    Route("GET", "projects/<project>/train/jobs", models.list_trainings, {200: "Trainings"}, troubles=AUTHORING),
    Route("GET", "projects/<project>/train/jobs/<key>", models.get_training, {200: "Training"}, troubles=AUTHORING),
    Route(
        "POST",
        "projects/<project>/train/jobs/<key>/cancel",
        models.cancel_training,
        {202: "Training"},
        troubles=AUTHORING,
    ),
    Route("GET", "projects/<project>/models", models.list_models, {200: "Models"}, troubles=AUTHORING),
    Route("GET", "projects/<project>/models/<model>", models.get_model, {200: "Model"}, troubles=AUTHORING),
    Route("DELETE", "projects/<project>/models/<model>", models.delete_model, {200: "Deleted"}, troubles=AUTHORING),
    Route(
        "GET",
        "projects/<project>/models/<model>/evaluation",
        models.get_evaluation,
        {200: "Evaluation"},
        troubles=AUTHORING,
    ),
    Route(
        "GET",
        "projects/<project>/models/<model>/evaluation/documents",
        models.list_predictions,
        {200: "Predictions"},
        query=PAGED,
        troubles=AUTHORING,
    ),
    Route(
        "POST",
        "projects/<project>/publish",
        deployments.publish_model,
        {202: "Operation"},
        bodies.PublishTask,
        troubles=AUTHORING,
    ),
    Route("GET", "projects/<project>/publish/jobs/<key>", deployments.get_publishing, {200: "Operation"}, troubles=ONE),
    Route(
        "GET", "projects/<project>/deployments", deployments.list_deployments, {200: "Deployments"}, troubles=AUTHORING
    ),
    Route(
        "POST",
        "projects/<project>/deployments/swap",
        deployments.swap_deployments,
        {202: "Operation"},
        bodies.Swap,
        troubles=AUTHORING,
    ),
    Route(
        "GET",
        "projects/<project>/deployments/<deployment>",
        deployments.get_deployment,
        {200: "Deployment"},
        troubles=AUTHORING,
    ),
    Route(
        "DELETE",
        "projects/<project>/deployments/<deployment>",
        deployments.delete_deployment,
        {202: "Operation"},
        troubles=AUTHORING,
    ),
    Route("GET", "classifier", steering.get_classifier, {200: "Classifier"}, troubles=AUTHORING),
    Route("PUT", "classifier", steering.set_classifier, {200: "Classifier"}, bodies.NewClassifier, troubles=AUTHORING),
    Route("GET", "documents", listings.list_documents, {200: "Documents"}, query=OF_DOCUMENTS, troubles=(400,)),
    Route(
        "POST",
        "documents",
        documents.create_document,
        {202: "Accepted"},
        bodies.NewDocument,
        text=True,
        max_body=MAX_DOCUMENT,
        query=OF_TEXT,
        troubles=CHANGE,
    ),
    Route("GET", "documents/<key>", listings.get_document, {200: "Document"}, troubles=ONE),
    Route(
        "GET",
        "documents/<key>/result",
        documents.get_document_result,
        {200: "Result", 202: "InProgress"},
        troubles=(*ONE, 409),
    ),
    Route(
        "POST",
        "documents/export",
        exports.export_documents,
        {202: "Operation"},
        bodies.DocumentsExport,
        troubles=CHANGE,
    ),
    Route("POST", "documents/replay", steering.replay_documents, {200: "Counted"}, bodies.Replay, troubles=AUTHORING),
    Route("POST", "documents/purge", steering.purge_documents, {200: "Counted"}, bodies.Purge, troubles=AUTHORING),
    Route("GET", "jobs", listings.list_jobs, {200: "Jobs"}, query=OF_JOBS, troubles=(400,)),
    Route("GET", "jobs/<key>", listings.get_job, {200: "Job"}, troubles=ONE),
    Route("GET", "operations", listings.list_operations, {200: "Operations"}, query=OF_OPERATIONS, troubles=(400,)),
    Route("GET", "operations/<key>", listings.get_operation, {200: "Operation"}, troubles=ONE),
    Route(
        "GET",
        "operations/<key>/content",
        exports.get_operation_content,
        {200: "Export", 202: "Operation", 206: "Export"},
        headers=OF_FILES,
        troubles=(400, 404, 409, 416),
    ),
    Route("POST", "operations/<key>/abandon", steering.abandon_operation, {200: "Operation"}, troubles=(400, 404, 409)),
    Route("GET", "submission", steering.get_submission, {200: "Submission"}),
    Route("PUT", "submission", steering.set_submission, {200: "Submission"}, bodies.NewSubmission, troubles=CHANGE),
    Route("GET", "sweep", steering.get_sweep, {200: "Sweep"}),
    Route("POST", "sweep", steering.start_sweep, {202: "Sweep"}, troubles=(409,)),
    Route("GET", "health", health.get_health, {200: "Health", 503: "Health"}),
    Route("GET", "openapi.json", get_open_api, {200: "OpenApi"}),
)

_map = Map(
    [Rule(f"/{route.path}", methods=[route.method], endpoint=number) for number, route in enumerate(ROUTES)],
    strict_slashes=False,
    merge_slashes=False,
).bind("textdrop")


def answer(request: Request, services: Callable[[], Services], now: datetime) -> Response:
    """Find the action and run it. Never raises: trouble becomes an error answer, and what is unforeseen is logged."""
    try:
        number, arguments = _map.match(f"/{request.path}", method=request.method)
        route: Route = ROUTES[number]
        if route.query:
            require_known(request.query, (query.name for query in route.query))
        body = _body(route, request)
        return route.action(Call(services(), now, request, arguments, body))
    except MethodNotAllowed as error:
        allowed = ", ".join(sorted(error.valid_methods or ()))
        return _error(405, "MethodNotAllowed", f"This path takes {allowed}.", {"Allow": allowed})
    except NoSuchRoute:
        return _error(404, "ResourceNotFound", "There is no such path: GET /api lists the addresses to begin with.")
    except TextdropError as error:
        return _error(error.status, error.code, str(error), _wait(error), getattr(error, "details", ()))
    except Exception:
        log.exception("%s %s failed.", request.method, request.path)
        return _error(500, "InternalError", "Internal error; see the log.")


def _body(route: Route, request: Request) -> bodies.Body | None:
    """The body that the route takes; None if it takes none, or a text was sent. What may be left out counts as {}."""
    if route.takes is None:
        return None
    if not request.body and route.takes.may_be_left_out():
        return route.takes()
    plain = route.text and is_plain(request)
    largest = MAX_FILE if plain else route.max_body
    if len(request.body) > largest:  # before it is decoded: it costs nothing more than its own bytes
        raise ContentTooLarge(f"The body has {len(request.body):,} bytes; at most {largest:,} are taken.")
    if request.body and not plain and not is_json(request):
        or_text = ", or the text itself as text/plain" if route.text else ""
        raise UnsupportedMediaType(f"The body must be JSON (Content-Type: application/json){or_text}.")
    return None if plain else read(route.takes, request.body)


def _error(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None, details: Sequence[Fault] = ()
) -> Response:
    more = {"details": [fault._asdict() for fault in details]} if details else {}
    return Response(status, {"error": {"code": code, "message": message, **more}}, headers or {})


def _wait(error: TextdropError) -> dict[str, str]:
    seconds = getattr(error, "retry_after", None)
    return {"Retry-After": str(max(1, round(seconds)))} if seconds is not None else {}

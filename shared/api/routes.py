"""The table of routes: method and path to action. Every error becomes a JSON response of one shape."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache

from werkzeug.exceptions import MethodNotAllowed
from werkzeug.exceptions import NotFound as NoSuchRoute
from werkzeug.routing import Map, Rule

from shared.api import bodies, openapi
from shared.api.actions import (
    classifiers,
    deployments,
    documents,
    exports,
    figures,
    health,
    listings,
    models,
    projects,
    review_labels,
    reviews,
    steering,
)
from shared.api.call import Call
from shared.api.parsing import parse_body
from shared.api.requests import (
    Request,
    Response,
    encoded,
    is_json,
    is_plain_text,
    prefers_html,
    require_known_parameters,
    require_utf8,
)
from shared.api.route import Route
from shared.api.schemas import (
    DOCUMENT_FILTERS,
    JOB_FILTERS,
    OPERATION_FILTERS,
    PAGE_PARAMETERS,
    QUALITY_RANGE,
    RANGE_HEADER,
    REVIEW_FILTERS,
    STATISTICS_RANGE,
    TEXT_PARAMETERS,
)
from shared.domain.text import MAX_FILE, MAX_TEXT
from shared.errors import ContentTooLarge, Fault, LengthRequired, TextdropError, UnsupportedMediaType
from shared.services import Services
from shared.storage.serialization import prepare

log = logging.getLogger(__name__)


def get_index(call: Call[None]) -> Response:
    """An index of the routes.

    A browser, which accepts HTML rather than JSON, is sent to the console, unless the console is turned off.
    """
    has_console = call.services.settings.has_console
    if has_console and prefers_html(call.request):
        console = f"{call.request.url_path.rstrip('/')}/{openapi.CONSOLE}/"
        return Response(302, b"", {"Location": console}, content_type="text/plain")
    return Response(200, openapi.index(ROUTES, has_console=has_console))


def get_open_api(_: Call[None]) -> Response:
    """The API's description in OpenAPI 3.1."""
    return Response(200, _open_api())


@cache
def _open_api() -> bytes:
    """It is the same at each call, and large."""
    return encoded(openapi.document(ROUTES))


MAX_DOCUMENT = 6 * MAX_TEXT + 100_000  # bytes: a character has up to six bytes in JSON, and there are other fields
LOOKUP_ERRORS = (400, 404)
REVIEW_ERRORS = (400, 404, 409, 410)  # 410: this version of the file no longer exists
CHANGE_ERRORS = (400, 409)  # 409: changed by another request, or an operation is under way
AUTHORING_ERRORS = (400, 404, 409, 501, 502)  # of calls to the Language service

ROUTES: tuple[Route, ...] = (
    Route("GET", "", get_index, {200: "Index"}, redirects=True),
    Route("GET", "projects", projects.list_projects, {200: "Projects"}, error_statuses=AUTHORING_ERRORS),
    Route(
        "POST",
        "projects",
        projects.create_project,
        {202: "Operation"},
        bodies.NewProject,
        error_statuses=AUTHORING_ERRORS,
    ),
    Route("GET", "projects/<project>", projects.get_project, {200: "Project"}, error_statuses=AUTHORING_ERRORS),
    Route(
        "PATCH",
        "projects/<project>",
        projects.update_project,
        {200: "Project"},
        bodies.ProjectChange,
        error_statuses=AUTHORING_ERRORS,
    ),
    Route("DELETE", "projects/<project>", projects.delete_project, {202: "Operation"}, error_statuses=AUTHORING_ERRORS),
    Route(
        "POST",
        "projects/<project>/import",
        projects.import_labels,
        {202: "Operation"},
        bodies.LabelsImport,
        error_statuses=AUTHORING_ERRORS,
    ),
    Route(
        "POST",
        "projects/<project>/export",
        projects.export_labels,
        {202: "Operation"},
        bodies.LabelsExport,
        error_statuses=AUTHORING_ERRORS,
    ),
    Route(
        "POST",
        "projects/<project>/labels/check",
        projects.check_labels,
        {200: "LabelsProof"},
        bodies.LabelsCheck,
        error_statuses=AUTHORING_ERRORS,
    ),
    Route(
        "POST",
        "projects/<project>/labels/convert",
        projects.convert_labels,
        {200: "LabelsFile"},
        bodies.LabelsConversion,
        error_statuses=AUTHORING_ERRORS,
    ),
    Route(
        "POST",
        "projects/<project>/labels/reviews",
        review_labels.label_reviews,
        {200: "LabelsCount", 202: "Operation"},
        bodies.ReviewLabels,
        error_statuses=AUTHORING_ERRORS,
    ),
    Route("GET", "languages", projects.list_languages, {200: "Languages"}, error_statuses=AUTHORING_ERRORS),
    Route(
        "POST",
        "projects/<project>/train",
        models.train_model,
        {202: "Operation"},
        bodies.TrainTask,
        error_statuses=AUTHORING_ERRORS,
    ),
    Route(
        "GET",
        "projects/<project>/train/jobs",
        models.list_trainings,
        {200: "Trainings"},
        error_statuses=AUTHORING_ERRORS,
    ),
    Route(
        "GET",
        "projects/<project>/train/jobs/<key>",
        models.get_training,
        {200: "Training"},
        error_statuses=AUTHORING_ERRORS,
    ),
    Route(
        "POST",
        "projects/<project>/train/jobs/<key>/cancel",
        models.cancel_training,
        {202: "Training"},
        error_statuses=AUTHORING_ERRORS,
    ),
    Route("GET", "projects/<project>/models", models.list_models, {200: "Models"}, error_statuses=AUTHORING_ERRORS),
    Route(
        "GET", "projects/<project>/models/<model>", models.get_model, {200: "Model"}, error_statuses=AUTHORING_ERRORS
    ),
    Route(
        "DELETE",
        "projects/<project>/models/<model>",
        models.delete_model,
        {200: "Deleted"},
        error_statuses=AUTHORING_ERRORS,
    ),
    Route(
        "GET",
        "projects/<project>/models/<model>/evaluation",
        models.get_evaluation,
        {200: "Evaluation"},
        error_statuses=AUTHORING_ERRORS,
    ),
    Route(
        "GET",
        "projects/<project>/models/<model>/evaluation/documents",
        models.list_predictions,
        {200: "Predictions"},
        query=PAGE_PARAMETERS,
        error_statuses=AUTHORING_ERRORS,
    ),
    Route(
        "POST",
        "projects/<project>/publish",
        deployments.publish_model,
        {202: "Operation"},
        bodies.PublishTask,
        error_statuses=AUTHORING_ERRORS,
    ),
    Route(
        "GET",
        "projects/<project>/publish/jobs/<key>",
        deployments.get_publishing,
        {200: "Operation"},
        error_statuses=LOOKUP_ERRORS,
    ),
    Route(
        "GET",
        "projects/<project>/deployments",
        deployments.list_deployments,
        {200: "Deployments"},
        error_statuses=AUTHORING_ERRORS,
    ),
    Route(
        "POST",
        "projects/<project>/deployments/swap",
        deployments.swap_deployments,
        {202: "Operation"},
        bodies.Swap,
        error_statuses=AUTHORING_ERRORS,
    ),
    Route(
        "GET",
        "projects/<project>/deployments/<deployment>",
        deployments.get_deployment,
        {200: "Deployment"},
        error_statuses=AUTHORING_ERRORS,
    ),
    Route(
        "DELETE",
        "projects/<project>/deployments/<deployment>",
        deployments.delete_deployment,
        {202: "Operation"},
        error_statuses=AUTHORING_ERRORS,
    ),
    Route("GET", "classifier", classifiers.get_classifier, {200: "Classifier"}, error_statuses=AUTHORING_ERRORS),
    Route(
        "PUT",
        "classifier",
        classifiers.set_classifier,
        {200: "Classifier"},
        bodies.NewClassifier,
        error_statuses=AUTHORING_ERRORS,
    ),
    Route("GET", "classifiers", classifiers.list_classifiers, {200: "Classifiers"}, error_statuses=AUTHORING_ERRORS),
    Route(
        "PUT",
        "classifiers/<path:prefix>",
        classifiers.set_folder_classifier,
        {200: "FolderClassifier"},
        bodies.NewClassifier,
        error_statuses=AUTHORING_ERRORS,
    ),
    Route(
        "DELETE",
        "classifiers/<path:prefix>",
        classifiers.delete_folder_classifier,
        {200: "Deleted"},
        error_statuses=(400, 404, 409),
    ),
    Route(
        "GET", "documents", listings.list_documents, {200: "Documents"}, query=DOCUMENT_FILTERS, error_statuses=(400,)
    ),
    Route(
        "POST",
        "documents",
        documents.create_document,
        {202: "Accepted"},
        bodies.NewDocument,
        accepts_text=True,
        max_body=MAX_DOCUMENT,
        query=TEXT_PARAMETERS,
        error_statuses=CHANGE_ERRORS,
    ),
    Route("GET", "documents/<key>", listings.get_document, {200: "Document"}, error_statuses=LOOKUP_ERRORS),
    Route(
        "GET",
        "documents/<key>/result",
        documents.get_document_result,
        {200: "Result", 202: "InProgress"},
        error_statuses=(*LOOKUP_ERRORS, 409),
    ),
    Route(
        "GET",
        "documents/<key>/text",
        reviews.get_document_text,
        {200: "DocumentText"},
        error_statuses=(*LOOKUP_ERRORS, 410),
    ),
    Route("POST", "documents/<key>/review", reviews.request_review, {200: "Review"}, error_statuses=REVIEW_ERRORS),
    Route(
        "POST",
        "documents/export",
        exports.export_documents,
        {202: "Operation"},
        bodies.DocumentsExport,
        error_statuses=CHANGE_ERRORS,
    ),
    Route(
        "POST",
        "documents/replay",
        steering.replay_documents,
        {200: "Counted"},
        bodies.Replay,
        error_statuses=AUTHORING_ERRORS,
    ),
    Route(
        "POST",
        "documents/purge",
        steering.purge_documents,
        {200: "Counted"},
        bodies.Purge,
        error_statuses=AUTHORING_ERRORS,
    ),
    Route("GET", "reviews", reviews.list_reviews, {200: "Reviews"}, query=REVIEW_FILTERS, error_statuses=(400,)),
    Route("GET", "reviews/<key>", reviews.get_review, {200: "ReviewWithText"}, error_statuses=LOOKUP_ERRORS),
    Route(
        "PUT",
        "reviews/<key>",
        reviews.decide_review,
        {200: "Review"},
        bodies.NewDecision,
        error_statuses=REVIEW_ERRORS,
    ),
    Route(
        "DELETE",
        "reviews/<key>/decision",
        reviews.undo_decision,
        {200: "Review"},
        error_statuses=(*LOOKUP_ERRORS, 409),
    ),
    Route(
        "GET", "statistics", figures.list_statistics, {200: "Statistics"}, query=STATISTICS_RANGE, error_statuses=(400,)
    ),
    Route("GET", "quality", figures.get_quality, {200: "Quality"}, query=QUALITY_RANGE, error_statuses=(400,)),
    Route("GET", "jobs", listings.list_jobs, {200: "Jobs"}, query=JOB_FILTERS, error_statuses=(400,)),
    Route("GET", "jobs/<key>", listings.get_job, {200: "Job"}, error_statuses=LOOKUP_ERRORS),
    Route(
        "GET",
        "operations",
        listings.list_operations,
        {200: "Operations"},
        query=OPERATION_FILTERS,
        error_statuses=(400,),
    ),
    Route("GET", "operations/<key>", listings.get_operation, {200: "Operation"}, error_statuses=LOOKUP_ERRORS),
    Route(
        "GET",
        "operations/<key>/content",
        exports.get_operation_content,
        {200: "Export", 202: "Operation", 206: "Export"},
        headers=RANGE_HEADER,
        error_statuses=(400, 404, 409, 416),
    ),
    Route(
        "POST",
        "operations/<key>/abandon",
        steering.abandon_operation,
        {200: "Operation"},
        error_statuses=(400, 404, 409),
    ),
    Route("GET", "submission", steering.get_submission, {200: "Submission"}),
    Route(
        "PUT",
        "submission",
        steering.set_submission,
        {200: "Submission"},
        bodies.NewSubmission,
        error_statuses=CHANGE_ERRORS,
    ),
    Route("GET", "sweep", steering.get_sweep, {200: "Sweep"}),
    Route("POST", "sweep", steering.start_sweep, {202: "Sweep"}, error_statuses=(409,)),
    Route("GET", "health", health.get_health, {200: "Health", 503: "Health"}),
    Route("GET", "openapi.json", get_open_api, {200: "OpenApi"}),
)

prepare(route.request_schema for route in ROUTES if route.request_schema)
_map = Map(
    [Rule(f"/{route.path}", methods=[route.method], endpoint=number) for number, route in enumerate(ROUTES)],
    strict_slashes=False,
    merge_slashes=False,
).bind("textdrop")


def answer(request: Request, services: Callable[[], Services], now: datetime) -> Response:
    """Finds the action and runs it. Never raises: an error becomes an error response; an unexpected one is logged."""
    try:
        number, arguments = _map.match(f"/{request.path}", method=request.method)
        route: Route = ROUTES[number]
        if route.query or arguments:
            require_utf8(request.target)
        if route.query:
            require_known_parameters(request.query, (parameter.name for parameter in route.query))
        body = _body(route, request)
        return route.action(Call(services(), now, request, arguments, body))
    except MethodNotAllowed as error:
        allowed = ", ".join(sorted(error.valid_methods or ()))
        return _error(405, "MethodNotAllowed", f"This path allows {allowed}.", {"Allow": allowed})
    except NoSuchRoute:
        return _error(404, "ResourceNotFound", "There is no such path: GET /api has an index of the routes.")
    except TextdropError as error:
        return _error(error.status, error.code, str(error), _retry_after(error), getattr(error, "details", ()))
    except Exception:
        log.exception("%s %s failed.", request.method, request.path)
        return _error(500, "InternalError", "Internal error; see the log.")


def _body(route: Route, request: Request) -> bodies.Body | None:
    """The parsed body. None if the route has no body, or plain text was sent. A missing optional body counts as {}."""
    if route.request_schema is None:
        return None
    if not request.body and request.is_chunked:
        raise LengthRequired(
            "The body did not arrive: Azure Functions drops bodies without a Content-Length. "
            "Send a Content-Length instead of Transfer-Encoding: chunked."
        )
    if not request.body and route.request_schema.is_optional():
        return route.request_schema()
    plain_text = route.accepts_text and is_plain_text(request)
    max_size = MAX_FILE if plain_text else route.max_body
    if len(request.body) > max_size:  # checked before decoding, which would need more memory
        raise ContentTooLarge(f"The body has {len(request.body):,} bytes; the maximum is {max_size:,}.")
    if request.body and not plain_text and not is_json(request):
        or_text = ", or the text itself as text/plain" if route.accepts_text else ""
        raise UnsupportedMediaType(f"The body must be JSON (Content-Type: application/json){or_text}.")
    return None if plain_text else parse_body(route.request_schema, request.body)


def _error(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None, details: Sequence[Fault] = ()
) -> Response:
    details_if_any = {"details": [fault._asdict() for fault in details]} if details else {}
    return Response(status, {"error": {"code": code, "message": message, **details_if_any}}, headers or {})


def _retry_after(error: TextdropError) -> dict[str, str]:
    seconds = getattr(error, "retry_after", None)
    return {"Retry-After": str(max(1, round(seconds)))} if seconds is not None else {}

"""The current authoring protocol, `/language/authoring/analyze-text/projects…?api-version=`: its routes and replies."""

from __future__ import annotations

from local.language.authoring import evaluations
from local.language.authoring.replies import (
    PREFIX,
    accepted,
    is_preview,
    job_of,
    page,
    require_string_index,
    status_of,
)
from local.language.authoring.shapes import (
    OLDEST,
    assets,
    deployment_body,
    draft,
    export_body,
    job_body,
    model_body,
    patch,
    patched_body,
    project_body,
    training_body,
    training_options,
)
from local.language.operations import deployments, projects, training
from local.language.operations.service import Service
from local.language.protocol.dialect import AUTHORING_HEADERS, MEGABYTE, Call, Dialect, Reply, Route
from local.language.protocol.languages import LANGUAGES
from local.language.protocol.service_errors import bad_parameter, not_found
from local.language.state.project_kinds import current_kind
from local.language.state.state import deployment, model

VERSIONS = (
    OLDEST,
    "2022-10-01-preview",
    "2023-04-01",
    "2023-04-15-preview",
    "2024-11-15-preview",
    "2025-05-15-preview",
)


def list_projects(call: Call, service: Service) -> Reply:
    return page(call, [project_body(project) for project in service.state.projects.values()])


def get_project(call: Call, service: Service) -> Reply:
    return Reply(200, project_body(service.state.project(call.names["project"])))


def patch_project(call: Call, service: Service) -> Reply:
    name, body = call.names["project"], call.body
    existing = service.state.projects.get(name)
    if existing:
        return Reply(200, patched_body(projects.update(service, existing, patch(body, name))))
    created = projects.create(service, name, draft(body, name), service.clock.now())
    # Recorded: this URL has the name of the project twice.
    return Reply(201, project_body(created), {"Location": call.link(f"{PREFIX}/projects", name, name)})


def delete_project(call: Call, service: Service) -> Reply:
    job = projects.begin_delete(service, call.names["project"])
    return accepted(call, "/projects/global/deletion-jobs", job)


def deletion_status(call: Call, service: Service) -> Reply:
    project = service.authoring.get(call.names["job"]).project
    return Reply(200, job_body(service, service.job(project, ("delete",), call.names["job"])))


def import_project(call: Call, service: Service) -> Reply:
    name, body = call.names["project"], call.body
    _require_json(call)
    for required in ("projectFileVersion", "stringIndexType"):
        body.text(required)
    metadata = draft(body.body("metadata"), name, named=False)
    job = projects.begin_import(service, name, metadata, assets(body, metadata.kind))
    return accepted(call, "/projects", job, name, "/import/jobs")


def export_project(call: Call, service: Service) -> Reply:
    require_string_index(call)
    if "assetKind" in call.query:
        current_kind(call.query["assetKind"])
    name, label = call.names["project"], call.query.get("trainedModelLabel", "")
    return accepted(call, "/projects", projects.begin_export(service, name, label), name, "/export/jobs")


def export_status(call: Call, service: Service) -> Reply:
    job = job_of(call, service, "export")
    body = job_body(service, job)
    if job.ending and job.ending.status == "succeeded":
        version = {"api-version": call.query["api-version"]}
        link = call.link(f"{PREFIX}/projects", job.project, "/export/jobs", job.id, "/result", **version)
        body = {"resultUrl": link, **body}
    return Reply(200, body)


def export_result(call: Call, service: Service) -> Reply:
    job = job_of(call, service, "export")
    if not job.ending or job.ending.status != "succeeded":
        raise not_found("The export has not succeeded: it has no result.")
    return Reply(200, export_body(service.state.project(job.project), job.ending.result))


def train(call: Call, service: Service) -> Reply:
    name, body = call.names["project"], call.body
    job = training.begin(service, name, body.text("modelLabel"), training_options(body))
    return accepted(call, "/projects", job, name, "/train/jobs")


def training_status(call: Call, service: Service) -> Reply:
    return Reply(200, training_body(service, job_of(call, service, "train")))


def list_trainings(call: Call, service: Service) -> Reply:
    project = service.state.project(call.names["project"])
    jobs = [job for job in service.authoring.values() if (job.project, job.kind) == (project.name, "train")]
    return page(call, [training_body(service, job) for job in jobs])


def cancel_training(call: Call, service: Service) -> Reply:
    name = call.names["project"]
    job = training.cancel(service, job_of(call, service, "train"))
    return accepted(call, "/projects", job, name, "/train/jobs")


def list_models(call: Call, service: Service) -> Reply:
    models = service.state.project(call.names["project"]).models.values()
    return page(call, [model_body(service, item, call.query["api-version"]) for item in models])


def get_model(call: Call, service: Service) -> Reply:
    requested = model(service.state.project(call.names["project"]), call.names["model"])
    return Reply(200, model_body(service, requested, call.query["api-version"]))


def delete_model(call: Call, service: Service) -> Reply:
    training.delete_model(service, service.state.project(call.names["project"]), call.names["model"])
    return Reply(204)


def list_deployments(call: Call, service: Service) -> Reply:
    listed = service.state.project(call.names["project"]).deployments.values()
    return page(call, [deployment_body(item, call.query["api-version"]) for item in listed])


def get_deployment(call: Call, service: Service) -> Reply:
    requested = deployment(service.state.project(call.names["project"]), call.names["deployment"])
    return Reply(200, deployment_body(requested, call.query["api-version"]))


def put_deployment(call: Call, service: Service) -> Reply:
    name, deployment_name = call.names["project"], call.names["deployment"]
    body = call.body
    others = body.texts("assignedResourceIds") if is_preview(call) and body.has("assignedResourceIds") else []
    job = deployments.begin_deploy(service, name, deployment_name, body.text("trainedModelLabel"), others)
    return accepted(call, "/projects", job, name, "/deployments", deployment_name, "/jobs")


def delete_deployment(call: Call, service: Service) -> Reply:
    name, deployment_name = call.names["project"], call.names["deployment"]
    job = deployments.begin_undeploy(service, name, deployment_name)
    return accepted(call, "/projects", job, name, "/deployments", deployment_name, "/jobs")


def deployment_status(call: Call, service: Service) -> Reply:
    kinds = ("deploy", "undeploy", "publish")
    job = service.job(call.names["project"], kinds, call.names["job"], deployment=call.names["deployment"])
    return Reply(200, job_body(service, job))


def swap(call: Call, service: Service) -> Reply:
    name, body = call.names["project"], call.body
    job = deployments.begin_swap(service, name, body.text("firstDeploymentName"), body.text("secondDeploymentName"))
    return accepted(call, "/projects", job, name, "/deployments/swap/jobs")


def list_languages(call: Call, _service: Service) -> Reply:
    if "projectKind" in call.query:
        current_kind(call.query["projectKind"])
    return page(call, [{"languageName": name, "languageCode": code} for code, name in LANGUAGES.items()])


def _require_json(call: Call) -> None:
    """In previews, a header has the format: json or aml, which this service does not support."""
    file_format = call.headers.get("format", "json") if is_preview(call) else "json"
    if file_format.lower() != "json":
        raise bad_parameter(f"The format {file_format!r} cannot be imported: use json.", "format")


_P = "/projects/<project>"
ROUTES = (
    Route("GET", "/projects", list_projects),
    Route("PATCH", _P, patch_project),
    Route("GET", _P, get_project),
    Route("DELETE", _P, delete_project),
    Route("GET", "/projects/global/deletion-jobs/<job>", deletion_status),
    Route("GET", "/projects/global/languages", list_languages),
    Route("POST", f"{_P}/:import", import_project),
    Route("GET", f"{_P}/import/jobs/<job>", status_of("import")),
    Route("POST", f"{_P}/:export", export_project),
    Route("GET", f"{_P}/export/jobs/<job>", export_status),
    Route("GET", f"{_P}/export/jobs/<job>/result", export_result),
    Route("POST", f"{_P}/:train", train),
    Route("GET", f"{_P}/train/jobs", list_trainings),
    Route("GET", f"{_P}/train/jobs/<job>", training_status),
    Route("POST", f"{_P}/train/jobs/<job>/:cancel", cancel_training),
    Route("GET", f"{_P}/models", list_models),
    Route("GET", f"{_P}/models/<model>", get_model),
    Route("DELETE", f"{_P}/models/<model>", delete_model),
    Route("GET", f"{_P}/deployments", list_deployments),
    Route("GET", f"{_P}/deployments/<deployment>", get_deployment),
    Route("PUT", f"{_P}/deployments/<deployment>", put_deployment),
    Route("DELETE", f"{_P}/deployments/<deployment>", delete_deployment),
    Route("GET", f"{_P}/deployments/<deployment>/jobs/<job>", deployment_status),
    Route("POST", f"{_P}/deployments/:swap", swap),
    Route("GET", f"{_P}/deployments/swap/jobs/<job>", status_of("swap")),
    *evaluations.ROUTES,
)
DIALECT = Dialect(
    prefix=PREFIX,
    routes=ROUTES,
    versions=VERSIONS,
    headers=AUTHORING_HEADERS,
    max_bytes=64 * MEGABYTE,
)

"""Exported models, in the previews of the current authoring protocol."""

from __future__ import annotations

from local.language.authoring.replies import PREFIX, accepted, in_previews, job_of, page
from local.language.authoring.shapes import job_body
from local.language.operations import training
from local.language.operations.service import Service
from local.language.other_features import exported_models
from local.language.protocol.dialect import Call, Reply, Route, seconds
from local.language.protocol.json_body import JSON
from local.language.state.records import ExportedModel
from local.language.state.state import exported_model


def list_exported(call: Call, service: Service) -> Reply:
    return page(call, [_body(exported) for exported in service.state.project(call.names["project"]).exported.values()])


def get_exported(call: Call, service: Service) -> Reply:
    return Reply(200, _body(exported_model(service.state.project(call.names["project"]), call.names["exported"])))


def put_exported(call: Call, service: Service) -> Reply:
    name, exported = call.names["project"], call.names["exported"]
    job = exported_models.begin(service, name, exported, call.body.text("trainedModelLabel"))
    return accepted(call, "/projects", job, name, "/exported-models", exported, "/jobs")


def delete_exported(call: Call, service: Service) -> Reply:
    name, exported = call.names["project"], call.names["exported"]
    job = exported_models.begin_delete(service, name, exported)
    return accepted(call, "/projects", job, name, "/exported-models", exported, "/jobs")


def exported_status(call: Call, service: Service) -> Reply:
    job = job_of(call, service, "export-model", "delete-exported", exported=call.names["exported"])
    return Reply(200, job_body(service, job))


def manifest(call: Call, service: Service) -> Reply:
    """The files are downloaded from this service, with its key. Azure stores them elsewhere."""
    name, exported = call.names["project"], call.names["exported"]
    files = exported_models.files(service, service.state.project(name), exported)
    at, version = (f"{PREFIX}/projects", name, "/exported-models", exported), {"api-version": call.query["api-version"]}
    listed = [{"name": file.name, "contentUri": call.link(*at, "/files", file.name, **version)} for file in files]
    return Reply(200, {"modelFiles": listed})


def exported_file(call: Call, service: Service) -> Reply:
    project = service.state.project(call.names["project"])
    return Reply(200, content=exported_models.content(service, project, call.names["exported"], call.names["file"]))


def _body(exported: ExportedModel) -> JSON:
    return {
        "exportedModelName": exported.name,
        "modelId": exported.model.id,
        "lastTrainedDateTime": seconds(exported.model.trained),
        "lastExportedModelDateTime": seconds(exported.exported),
        "modelExpirationDate": f"{training.expires(exported.model.trained):%Y-%m-%d}",
        "modelTrainingConfigVersion": exported.model.config,
    }


_L = "/projects/<project>/exported-models"
_E = f"{_L}/<exported>"
ROUTES = (
    Route("GET", _L, in_previews(list_exported)),
    Route("GET", _E, in_previews(get_exported)),
    Route("PUT", _E, in_previews(put_exported)),
    Route("DELETE", _E, in_previews(delete_exported)),
    Route("GET", f"{_E}/jobs/<job>", in_previews(exported_status)),
    Route("GET", f"{_E}/manifest", in_previews(manifest)),
    Route("GET", f"{_E}/files/<file>", in_previews(exported_file)),
)

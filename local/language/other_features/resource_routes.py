"""Other resources that a project is deployed to, in the previews of the current authoring protocol."""

from __future__ import annotations

from local.language.authoring.replies import accepted, in_previews, job_of, page, status_of
from local.language.authoring.shapes import job_body
from local.language.operations.service import Service
from local.language.other_features import resources
from local.language.protocol.dialect import Call, Reply, Route
from local.language.protocol.json_body import JsonBody
from local.language.state.records import Resource


def list_resources(call: Call, service: Service) -> Reply:
    assigned = service.state.project(call.names["project"]).resources
    return page(call, [{"azureResourceId": resource.id, "region": resource.region} for resource in assigned])


def list_assigned_deployments(call: Call, _service: Service) -> Reply:
    """Deployments of projects that other resources own (in the words of the client): there are none."""
    return page(call, [])


def assign(call: Call, service: Service) -> Reply:
    name = call.names["project"]
    job = resources.begin_assign(service, name, [_resource(item) for item in call.body.bodies("resourcesMetadata")])
    return accepted(call, "/projects", job, name, "/resources/assign/jobs")


def unassign(call: Call, service: Service) -> Reply:
    name = call.names["project"]
    job = resources.begin_unassign(service, name, call.body.texts("assignedResourceIds"))
    return accepted(call, "/projects", job, name, "/resources/unassign/jobs")


def delete_from_resources(call: Call, service: Service) -> Reply:
    name, deployment_name, body = call.names["project"], call.names["deployment"], call.body
    ids = body.texts("assignedResourceIds") if body.has("assignedResourceIds") else None
    job = resources.begin_withdraw(service, name, deployment_name, ids)
    return accepted(call, "/projects", job, name, "/deployments", deployment_name, "/delete-from-resources/jobs")


def withdrawal_status(call: Call, service: Service) -> Reply:
    """The job deletes a deployment that is removed from all resources."""
    job = job_of(call, service, "withdraw", "undeploy", deployment=call.names["deployment"])
    return Reply(200, job_body(service, job))


def _resource(item: JsonBody) -> Resource:
    return Resource(item.text("azureResourceId"), item.text("region"), item.text("customDomain"))


_P, _D = "/projects/<project>", "/projects/<project>/deployments/<deployment>"
ROUTES = (
    Route("GET", f"{_P}/resources", in_previews(list_resources)),
    Route("POST", f"{_P}/resources/:assign", in_previews(assign)),
    Route("GET", f"{_P}/resources/assign/jobs/<job>", in_previews(status_of("assign"))),
    Route("POST", f"{_P}/resources/:unassign", in_previews(unassign)),
    Route("GET", f"{_P}/resources/unassign/jobs/<job>", in_previews(status_of("unassign"))),
    Route("GET", "/projects/global/deployments/resources", in_previews(list_assigned_deployments)),
    Route("POST", f"{_D}/:delete-from-resources", in_previews(delete_from_resources)),
    Route("GET", f"{_D}/delete-from-resources/jobs/<job>", in_previews(withdrawal_status)),
)

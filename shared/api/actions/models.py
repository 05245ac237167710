"""Training, models and their evaluations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.api import views
from shared.api.actions.deployments import publish_parameters
from shared.api.actions.evaluation_summary import sentences, wrong
from shared.api.actions.starting import RETRY_SOON, accepted, find_operation, start_operation
from shared.api.bodies import Promotion, TrainTask
from shared.api.call import Call
from shared.api.requests import Response, page_of
from shared.domain.operations import Operation, OperationKind, OperationState
from shared.errors import BadRequest, Conflict
from shared.operations.handlers import deployed
from shared.services import Services

MAX_WRONG = 100  # wrongly classified documents in an evaluation


def train_model(call: Call[TrainTask]) -> Response:
    """Train a model; with "publish" in the body, also publish it if it is good enough."""
    [task], publish, project = call.body.tasks, call.body.publish, call.project
    parameters, baseline = train_parameters(call.services, project, task.training_model_name, publish)
    return start_operation(call, OperationKind.TRAIN, project, parameters, initial_result=baseline)


def train_parameters(
    services: Services, project: str, model: str, publish: Promotion | None
) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """The parameters of an operation that trains and, with `publish`, publishes; and what its result has at first."""
    if publish is None:
        return {"model": model}, {}
    parameters = publish_parameters(services, project, model, publish.deployment, as_classifier=publish.as_classifier)
    parameters["ifMacroF1AtLeast"] = publish.if_macro_f1_at_least
    return parameters, _baseline(services, project, parameters["deployment"])


def get_training(call: Call[None]) -> Response:
    """The status of a training, by the key of its operation or by the service's id of the job."""
    operation = find_operation(call, OperationKind.TRAIN)
    if operation:
        return Response(200, views.operation(operation))
    progress = call.services.language.training(call.project, call.key)
    return Response(200, views.progress(call.key, progress))


def list_trainings(call: Call[None]) -> Response:
    trainings = call.services.language.trainings(call.project)
    return Response(200, {"value": [views.training(training) for training in trainings]})


def cancel_training(call: Call[None]) -> Response:
    """Cancel a training. Its operation fails when the service has ended the training."""
    operation = find_operation(call, OperationKind.TRAIN)
    if operation is None:
        call.services.language.cancel_training(call.project, call.key)
        progress = call.services.language.training(call.project, call.key)
        location = {"Location": f"/api/projects/{call.project}/train/jobs/{call.key}", **RETRY_SOON}
        return Response(202, views.progress(call.key, progress), location)
    call.services.language.cancel_training(call.project, _job_of(operation))
    return accepted(operation)


def list_models(call: Call[None]) -> Response:
    return Response(200, {"value": [views.model(model) for model in call.services.language.models(call.project)]})


def get_model(call: Call[None]) -> Response:
    return Response(200, views.model(call.services.language.model(call.project, call.model)))


def delete_model(call: Call[None]) -> Response:
    call.services.language.delete_model(call.project, call.model)
    return Response(200, {"deleted": call.model})


def get_evaluation(call: Call[None]) -> Response:
    """The evaluation of a model: figures, what they mean in sentences, and the documents it classified wrongly."""
    names = call.project, call.model
    evaluation, predictions = call.services.language.evaluation(*names), call.services.language.predictions(*names)
    mistakes = wrong(predictions)
    return Response(
        200,
        {
            **views.evaluation(evaluation),
            "reading": sentences(evaluation, predictions),
            "wrong": {
                "count": len(mistakes),
                "of": len(predictions),
                "documents": [views.prediction(prediction) for prediction in mistakes[:MAX_WRONG]],
            },
        },
    )


def list_predictions(call: Call[None]) -> Response:
    """The expected and the predicted classes of each document of the evaluation."""
    top, after = page_of(call.request.query)
    if not (after or "0").isdigit():
        raise BadRequest('"continue" must be the "continue" of the previous response.')
    first = int(after or "0")
    predictions = call.services.language.predictions(call.project, call.model)
    page = [views.prediction(prediction) for prediction in predictions[first : first + top]]
    continuation = {"continue": str(first + top)} if len(predictions) > first + top else {}
    return Response(200, {"value": page, **continuation})


def _baseline(services: Services, project: str, deployment: str) -> Mapping[str, Any]:
    """The deployed model and its macro F1, read before the training, which may replace a model of the same name."""
    baseline = deployed(services, project, deployment)
    values = {"deployedModel": baseline.model, "deployedMacroF1": baseline.macro_f1}
    return {name: value for name, value in values.items() if value not in ("", None)}


def _job_of(operation: Operation) -> str:
    """The service's id of a running training. Raises Conflict if it has ended or not started."""
    if operation.state.final or operation.phase is not OperationKind.TRAIN:
        raise Conflict("The training has ended: there is nothing to cancel.")
    if operation.state is OperationState.STARTING:
        raise Conflict("The service has not started the training yet: cancel it when its state is running.")
    return operation.service_id

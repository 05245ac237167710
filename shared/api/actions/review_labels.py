"""Labels from the decisions of reviews."""

from __future__ import annotations

from shared.api.actions.models import train_parameters
from shared.api.actions.starting import start_operation
from shared.api.bodies import ReviewLabels
from shared.api.call import Call
from shared.api.requests import Response
from shared.domain.operations import OperationKind
from shared.errors import BadRequest, NotSupported
from shared.labels.merging import expected
from shared.pipeline.reviewing import all_decided
from shared.services import Services
from shared.settings import PREVIEW_API


def label_reviews(call: Call[ReviewLabels]) -> Response:
    """Make labels of the decisions of this project's reviews that have not become labels yet.

    With `train`, a model is trained with them, if there are any; with `publish`, it is also published, if it is good
    enough. `dryRun` only counts, without reading the texts.
    """
    body, project = call.body, call.project
    if body.publish and not body.train:
        raise BadRequest('"publish" needs "train": the model to publish.')
    if body.dry_run:
        return Response(200, _expected(call.services, project))
    if call.services.settings.language_api == PREVIEW_API:
        raise NotSupported(
            "The quickstart's protocol cannot export or import the labels of a project that exists: set LANGUAGE_API "
            "to 2023-04-01, or add the decisions, which GET /api/reviews?state=decided lists, to a labels file, and "
            "create a project with it."
        )
    if body.train is None:
        return start_operation(call, OperationKind.LABEL_REVIEWS, project, {})
    model = body.train.training_model_name
    parameters, baseline = train_parameters(call.services, project, model, body.publish)
    return start_operation(call, OperationKind.LABEL_REVIEWS, project, parameters, initial_result=baseline)


def _expected(services: Services, project: str) -> dict[str, object]:
    """The counts of the newest decisions. `complete`: whether these are all."""
    reviews, complete = all_decided(services)
    counted = expected(one for one in reviews if one.classifier.project == project and not one.used)
    return {
        "dryRun": True,
        "count": counted.labels,
        "classes": dict(counted.classes),
        "reasons": dict(counted.reasons),
        "skipped": dict(counted.skipped),
        "complete": complete,
    }

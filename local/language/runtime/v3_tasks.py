"""What the two v3 previews of the runtime share: tasks in arrays by kind, and pages by `$skip`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from local.language.operations.analysis import require_unique_names
from local.language.protocol.dialect import Call
from local.language.protocol.json_body import JSON, JsonBody
from local.language.protocol.service_errors import ServiceError, bad_parameter, invalid
from local.language.runtime.job_pages import FinishedTask, Page, job_errors
from local.language.state.records import Job

RENAMED = {  # error codes that the v3 protocols do not have
    "MissingInputDocuments": "MissingInputRecords",
    "OperationNotFound": "NotFound",
    "ProjectNotFound": "NotFound",
}


def requested_tasks(
    tasks: JsonBody, kinds: Mapping[str, str], others: Collection[str] = ()
) -> list[tuple[str, JsonBody]]:
    """The kinds and bodies of the tasks. `kinds`: the kind by key. `others`: keys that are allowed if they are empty.

    Raises a 400 ServiceError.
    """
    if set(tasks.fields) - {*kinds, *others}:
        raise _invalid_task()
    for name in others:
        if tasks.bodies(name, []):
            raise bad_parameter(f"{name} are not supported: use {' and '.join(kinds)}.", tasks.name(name))
    tasks_by_kind = [(kind, item) for name, kind in kinds.items() for item in tasks.bodies(name, [])]
    if not tasks_by_kind:
        raise _invalid_task()
    require_unique_names((kind, item.text("taskName", "")) for kind, item in tasks_by_kind)
    return tasks_by_kind


def errors(job: Job, finished: Sequence[FinishedTask], keys: Mapping[str, str]) -> list[JSON]:
    """The errors of the job and its tasks. `keys`: the key of each kind of task."""
    kinds = [task["kind"] for task in job.request["tasks"]]

    def target(finished_task: FinishedTask) -> str:
        kind = finished_task.task.kind
        return f"#/tasks/{keys[kind]}/{kinds[: finished_task.index].count(kind)}"

    return job_errors(job, finished, target)


def listed(finished: Sequence[FinishedTask], keys: Mapping[str, str], item: Callable[[FinishedTask], JSON]) -> JSON:
    """The items of the tasks in a list for each kind, in the order of the tasks."""
    lists: dict[str, list[JSON]] = {}
    for task in finished:
        lists.setdefault(keys[task.task.kind], []).append(item(task))
    return lists


def next_link(call: Call, page: Page, finished: Sequence[FinishedTask]) -> JSON:
    if not page.has_next([task.result for task in finished]):
        return {}
    return {"@nextLink": call.link(call.path, **{**call.query, "$skip": page.skip + page.top, "$top": page.top})}


def _invalid_task() -> ServiceError:
    return invalid("InvalidTask in AnalyzeInput")  # reported from the service

"""What the two v3 previews of the runtime share: tasks in arrays under a key for their kind, pages by `$skip`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from local.language.operations.analysis import require_names
from local.language.protocol.dialect import Call
from local.language.protocol.json_body import JSON, JsonBody
from local.language.protocol.service_errors import ServiceError, bad_parameter, invalid
from local.language.runtime.job_pages import Finished, Page, faults
from local.language.state.records import Job

RENAMED = {  # what the v3 family's enumeration of codes does not have
    "MissingInputDocuments": "MissingInputRecords",
    "OperationNotFound": "NotFound",
    "ProjectNotFound": "NotFound",
}


def asked(tasks: JsonBody, kinds: Mapping[str, str], others: Collection[str] = ()) -> list[tuple[str, JsonBody]]:
    """The tasks and their kinds. `kinds`: what each key stands for; `others`: keys that may be there, but empty.

    Raises a 400 ServiceError.
    """
    if set(tasks.fields) - {*kinds, *others}:
        raise _invalid_task()
    for name in others:
        if tasks.bodies(name, []):
            raise bad_parameter(f"This service has no {name}, only {' and '.join(kinds)}.", tasks.name(name))
    found = [(kind, item) for name, kind in kinds.items() for item in tasks.bodies(name, [])]
    if not found:
        raise _invalid_task()
    require_names((kind, item.text("taskName", "")) for kind, item in found)
    return found


def errors(job: Job, found: Sequence[Finished], keys: Mapping[str, str]) -> list[JSON]:
    """`keys`: what each kind stands under."""
    kinds = [task["kind"] for task in job.request["tasks"]]
    return faults(job, found, lambda one: f"#/tasks/{keys[one.task.kind]}/{kinds[: one.index].count(one.task.kind)}")


def listed(found: Sequence[Finished], keys: Mapping[str, str], item: Callable[[Finished], JSON]) -> JSON:
    """Each task's item in the list of its kind, in the order of the tasks."""
    lists: dict[str, list[JSON]] = {}
    for one in found:
        lists.setdefault(keys[one.task.kind], []).append(item(one))
    return lists


def next_link(call: Call, page: Page, found: Sequence[Finished]) -> JSON:
    if not page.followed([one.part for one in found]):
        return {}
    return {"@nextLink": call.link(call.path, **{**call.query, "$skip": page.skip + page.top, "$top": page.top})}


def _invalid_task() -> ServiceError:
    return invalid("InvalidTask in AnalyzeInput")  # reported from the service

"""What the two v3 previews of the runtime share: tasks in arrays under a key for their kind, pages by `$skip`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from local.language.body import JSON, Body
from local.language.errors import ServiceError, bad_parameter, invalid
from local.language.results import Finished, Page, faults
from local.language.values import Job
from local.language.wire import Call

RENAMED = {  # what the v3 family's enumeration of codes does not have
    "MissingInputDocuments": "MissingInputRecords",
    "OperationNotFound": "NotFound",
    "ProjectNotFound": "NotFound",
}


def asked(tasks: Body, kinds: Mapping[str, str], others: Collection[str] = ()) -> list[tuple[str, Body]]:
    """The tasks and their kinds. `kinds`: what each key stands for; `others`: keys that may be there, but empty.

    Raises a 400 ServiceError.
    """
    if set(tasks.fields) - {*kinds, *others}:
        raise _invalid_task()
    for name in others:
        if tasks.bodies(name, []):
            raise bad_parameter(f"This service has no {name}, only {' and '.join(kinds)}.", tasks.name(name))
    found = [(kind, item) for name, kind in kinds.items() for item in _only(tasks, name)]
    if not found:
        raise _invalid_task()
    return found


def errors(job: Job, found: Sequence[Finished], keys: Mapping[str, str]) -> list[JSON]:
    """`keys`: what each kind stands under. There it is the only one."""
    return faults(job, found, lambda one: f"#/tasks/{keys[one.task.kind]}/0")


def next_link(call: Call, page: Page, found: Sequence[Finished]) -> JSON:
    if not page.followed([one.part for one in found]):
        return {}
    return {"@nextLink": call.link(call.path, **{**call.query, "$skip": page.skip + page.top, "$top": page.top})}


def _only(tasks: Body, name: str) -> list[Body]:
    items = tasks.bodies(name, [])
    if len(items) > 1:
        raise bad_parameter("You can't specify the same task more than once.", tasks.name(name))
    return items


def _invalid_task() -> ServiceError:
    return invalid("InvalidTask in AnalyzeInput")  # reported from the service

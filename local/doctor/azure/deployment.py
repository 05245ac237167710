"""What is known of a deployment: frozen values, and a finding in place of each that is not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from local.doctor.azure.azd_environment import AzdEnvironment
from local.doctor.checked_app import Finding
from shared.language.types import Classifier, Deployment

Value = TypeVar("Value")


@dataclass(frozen=True)
class NotKnown(Finding):
    """A finding in place of a value. `is_absent`: it does not exist; or else it could not be read."""

    is_absent: bool = False


def skipped(*needed: str) -> NotKnown:
    """In place of a value that depends on others that are not known."""
    return NotKnown("Not checked.", f"First correct the findings above: {', '.join(needed)}.", is_blocking=False)


NO_SUBSCRIPTION = skipped("subscription")


@dataclass(frozen=True)
class Account:
    """The subscription that az sees, and who is signed in."""

    name: str
    state: str
    user: str


@dataclass(frozen=True)
class Site:
    """The function app. `principals`: the ids of its identities by client id; `always_ready`: instances by trigger."""

    state: str
    hosts: frozenset[str]
    principals: Mapping[str, str]
    always_ready: Mapping[str, int]


@dataclass(frozen=True)
class Keys:
    """The function key, and the key of the blob trigger's webhook. Neither is ever shown."""

    function: str = field(repr=False)
    webhook: str = field(repr=False)


@dataclass(frozen=True)
class Language:
    """The Language resource. `storage`: the ids of the accounts that are linked to it."""

    principal: str
    storage: tuple[str, ...]
    is_keyless: bool


@dataclass(frozen=True)
class RoleAssignment:
    """A role of an identity. `scope`: where it was assigned, perhaps above the resource."""

    principal: str
    role: str
    scope: str


@dataclass(frozen=True)
class Topic:
    """The system topic of the storage account."""

    id: str
    state: str


@dataclass(frozen=True)
class EventSubscription:
    """A subscription that sends events to the app. `address`: where, without its query; `functions`: those named there.

    `is_key_current`: whether it has the key that the webhook expects today; None if that is not known. `filters`: what
    else it selects files by.
    """

    name: str
    state: str
    types: tuple[str, ...]
    prefix: str
    filters: tuple[str, ...]
    address: str
    functions: tuple[str, ...]
    is_key_current: bool | None


@dataclass(frozen=True)
class Health:
    """What GET /api/health says. `problems`: name, status and detail of each check that is not ok."""

    status: str
    problems: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class UsedClassifier:
    """The classifier of the app, and its deployment. Both are None if there is none.

    `is_shown`: whether the app's protocol can show deployments.
    """

    classifier: Classifier | None
    deployment: Deployment | None = None
    is_shown: bool = True


@dataclass(frozen=True)
class Evidence:
    """All that the checks decide on. `functions`: whether each is enabled. `roles`: the assignments by scope."""

    environment: AzdEnvironment
    now: datetime
    account: Account | NotKnown
    site: Site | NotKnown = NO_SUBSCRIPTION
    functions: Mapping[str, bool] | NotKnown = NO_SUBSCRIPTION
    settings: Mapping[str, str] | NotKnown = field(default=NO_SUBSCRIPTION, repr=False)
    language: Language | NotKnown = NO_SUBSCRIPTION
    roles: Mapping[str, tuple[RoleAssignment, ...] | NotKnown] = field(default_factory=dict)
    topic: Topic | NotKnown = NO_SUBSCRIPTION
    subscriptions: tuple[EventSubscription, ...] | NotKnown = NO_SUBSCRIPTION
    health: Health | NotKnown = NO_SUBSCRIPTION
    classifier: UsedClassifier | NotKnown = NO_SUBSCRIPTION

    @property
    def principal(self) -> str:
        """The app's identity: the one that AZURE_CLIENT_ID selects, or the only one; "" if that is not known."""
        if isinstance(self.site, NotKnown):
            return ""
        client = "" if isinstance(self.settings, NotKnown) else self.settings.get("AZURE_CLIENT_ID", "").lower()
        principals = self.site.principals
        return principals.get(client, "") or (next(iter(principals.values())) if len(principals) == 1 else "")

"""Gathers the evidence of a deployment, several things at a time. It changes nothing, and sends no event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import TypeVar

from local.doctor.azure import resources
from local.doctor.azure.azd_environment import AzdEnvironment
from local.doctor.azure.commands import Unanswered
from local.doctor.azure.deployed_app import DeployedApp
from local.doctor.azure.deployment import (
    EventSubscription,
    Evidence,
    Health,
    Keys,
    NotKnown,
    RoleAssignment,
    Site,
    Topic,
    UsedClassifier,
    skipped,
)
from local.doctor.azure.roles import INSIGHTS, LANGUAGE, STORAGE

Value = TypeVar("Value")
AT_ONCE = 4  # each `az` is a process of some 100 MB
FORM = NotKnown("The answer has another form than expected.", "Update az: az upgrade")
TELEMETRY, TELEMETRY_SIGN_IN = "APPLICATIONINSIGHTS_CONNECTION_STRING", "APPLICATIONINSIGHTS_AUTHENTICATION_STRING"


def gather(environment: AzdEnvironment, now: datetime) -> Evidence:
    """All that is known of the deployment, with a finding in place of what is not."""
    account = known(lambda: resources.account(environment))
    if isinstance(account, NotKnown):
        return Evidence(environment, now, account)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        site = pool.submit(known, partial(resources.site, environment))
        keys = pool.submit(known, partial(resources.keys, environment))
        topic = pool.submit(known, partial(resources.topic, environment))
        settings = pool.submit(known, partial(resources.settings, environment))
        functions = pool.submit(known, partial(resources.functions, environment))
        language = pool.submit(known, partial(resources.language, environment))
        roles = {
            STORAGE: pool.submit(known, partial(resources.roles, environment.storage_id)),
            LANGUAGE: pool.submit(known, partial(resources.roles, environment.language_id)),
        }
        health, classifier = _app(environment, site.result(), keys.result())
        insights = _insights_roles(environment, settings.result())
        return Evidence(
            environment,
            now,
            account,
            site=site.result(),
            functions=functions.result(),
            settings=settings.result(),
            language=language.result(),
            roles={**{name: listed.result() for name, listed in roles.items()}, **insights},
            topic=topic.result(),
            subscriptions=_subscriptions(topic.result(), site.result(), keys.result()),
            health=health,
            classifier=classifier,
        )


def known(read: Callable[[], Value]) -> Value | NotKnown:
    """What `read` returns, or why it is not known."""
    try:
        return read()
    except Unanswered as error:
        return NotKnown(error.what, error.fix, is_absent=error.is_absent)
    except (KeyError, TypeError, AttributeError, ValueError):
        return FORM


def _app(
    environment: AzdEnvironment, site: Site | NotKnown, keys: Keys | NotKnown
) -> tuple[Health | NotKnown, UsedClassifier | NotKnown]:
    if isinstance(site, NotKnown):
        return skipped("app"), skipped("app")
    if isinstance(keys, NotKnown):
        return keys, skipped("health")
    app = known(lambda: DeployedApp(environment["TEXTDROP_URL"], site, keys))
    if isinstance(app, NotKnown):
        return app, skipped("health")
    health = known(app.health)
    return health, skipped("health") if isinstance(health, NotKnown) else known(app.classifier)


def _insights_roles(
    environment: AzdEnvironment, settings: Mapping[str, str] | NotKnown
) -> dict[str, tuple[RoleAssignment, ...] | NotKnown]:
    """Those of Application Insights, if telemetry is sent by the identity."""
    if isinstance(settings, NotKnown):
        return {INSIGHTS: skipped("settings")}
    if not settings.get(TELEMETRY_SIGN_IN):
        return {}
    return {INSIGHTS: known(lambda: resources.roles(resources.insights_id(environment, settings.get(TELEMETRY, ""))))}


def _subscriptions(
    topic: Topic | NotKnown, site: Site | NotKnown, keys: Keys | NotKnown
) -> tuple[EventSubscription, ...] | NotKnown:
    if isinstance(topic, NotKnown) or isinstance(site, NotKnown):
        return skipped("event topic" if isinstance(topic, NotKnown) else "app")
    key = None if isinstance(keys, NotKnown) else keys.webhook
    return known(lambda: resources.subscriptions(topic, site.hosts, key))

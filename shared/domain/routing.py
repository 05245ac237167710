"""Decides which classifier a file goes to: that of the longest prefix of its name, or else the default. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Self

from shared.language.types import Classifier

Place = tuple[str, str]  # the names of a project and of a deployment in it

MAX_FOLDERS = 100  # prefixes with a classifier
MODEL_KNOWN_FOR = timedelta(minutes=10)  # how long the model that was read is used
MODEL_ASKED_AGAIN = timedelta(minutes=1)  # after the model could not be read


@dataclass(frozen=True)
class FolderClassifier:
    """The classifier of the files whose names begin with `prefix`."""

    prefix: str  # not empty
    classifier: Classifier
    since: datetime | None = None  # when it was set
    looked: datetime | None = None  # when the deployment's model was last read from the service


@dataclass(frozen=True)
class Routing:
    """All classifiers that files may go to."""

    default: Classifier | None = None
    folders: tuple[FolderClassifier, ...] = ()

    @property
    def classifiers(self) -> frozenset[Classifier]:
        default = {self.default} if self.default else set()
        return frozenset({*default, *(folder.classifier for folder in self.folders)})

    def classifier_for(self, name: str) -> Classifier | None:
        """The classifier of the file with this name; None if no prefix matches and there is no default."""
        matching = [folder for folder in self.folders if name.startswith(folder.prefix)]
        return max(matching, key=lambda folder: len(folder.prefix)).classifier if matching else self.default


def is_model_due(classifier: Classifier | None, looked: datetime | None, dialect: str, now: datetime) -> bool:
    """Whether to read the deployment's model again: another client may have published a different one.

    False in the quickstart's protocol, where a classifier is a model id without a deployment.
    """
    if classifier is None or classifier.dialect != dialect or not classifier.deployment or classifier.model_id:
        return False
    wait = MODEL_KNOWN_FOR if classifier.model else MODEL_ASKED_AGAIN
    return looked is None or abs(now - looked) >= wait


@dataclass(frozen=True)
class ActiveClassifier:
    """The classifier that dropped files go to, and those of folders."""

    classifier: Classifier | None = None  # of all files that are in none of the folders
    since: datetime | None = None  # when it was published or set
    looked: datetime | None = None  # when the deployment's model was last read from the service
    folders: tuple[FolderClassifier, ...] = ()  # by their prefixes
    version: str = field(default="", compare=False)

    def models_due(self, dialect: str, now: datetime) -> list[Place]:
        """The deployments whose models are to be read again; those not read for the longest time first."""
        entries = [(self.classifier, self.looked), *((folder.classifier, folder.looked) for folder in self.folders)]
        due = [entry for entry in entries if is_model_due(*entry, dialect, now)]
        due.sort(key=lambda entry: (entry[1] is not None, entry[1]))
        return list(dict.fromkeys(place for classifier, _ in due if (place := _place(classifier))))

    def with_models(self, models: Mapping[Place, str], now: datetime) -> Self:
        """With the models of these deployments, read at `now`. "" if one could not be read: the one before is kept."""

        def read(classifier: Classifier) -> Classifier:
            return replace(classifier, model=models[classifier.project, classifier.deployment] or classifier.model)

        folders = tuple(
            replace(folder, classifier=read(folder.classifier), looked=now)
            if _place(folder.classifier) in models
            else folder
            for folder in self.folders
        )
        if self.classifier is None or _place(self.classifier) not in models:
            return replace(self, folders=folders)
        return replace(self, classifier=read(self.classifier), looked=now, folders=folders)

    def with_folder(self, prefix: str, classifier: Classifier, now: datetime, looked: datetime | None) -> Self:
        """With this classifier for the prefix."""
        others = self.without_folder(prefix).folders
        folders = (*others, FolderClassifier(prefix, classifier, now, looked))
        return replace(self, folders=tuple(sorted(folders, key=lambda folder: folder.prefix)))

    def without_folder(self, prefix: str) -> Self:
        return replace(self, folders=tuple(folder for folder in self.folders if folder.prefix != prefix))

    def changed(
        self, concerns: Callable[[Classifier], bool], change: Callable[[Classifier], Classifier | None], now: datetime
    ) -> Self:
        """After a change at the service of the classifiers that it `concerns`. `change` returns None for a deleted one.

        A folder whose classifier was deleted is removed.
        """

        def after(folder: FolderClassifier) -> FolderClassifier | None:
            if not concerns(folder.classifier):
                return folder
            changed = change(folder.classifier)
            return replace(folder, classifier=changed, since=now, looked=now) if changed else None

        folders = tuple(found for folder in self.folders if (found := after(folder)))
        if self.classifier is None or not concerns(self.classifier):
            return replace(self, folders=folders)
        return replace(self, classifier=change(self.classifier), since=now, looked=now, folders=folders)


def _place(classifier: Classifier | None) -> Place | None:
    return (classifier.project, classifier.deployment) if classifier and not classifier.model_id else None

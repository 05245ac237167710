"""Decides which classifier a file goes to: that of the longest prefix of its name, or else the default. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.language.types import Classifier

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

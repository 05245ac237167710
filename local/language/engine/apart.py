"""Trains in a separate process, which can be ended at any time and does not slow down the caller's threads.

The caller sends the input and receives percentages, then the model. The process ends when its caller is gone.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

from local.language.engine.embedding import Embedding
from local.language.engine.examples import Example, Kind, Split, TrainingError
from local.language.engine.model import TrainedModel
from local.language.engine.progress import Report
from local.language.engine.training import train

_ROOT = Path(__file__).parents[3]
_MAIN = "from local.language.engine.apart import main; main()"  # with -m, Python would warn of a second import
_QUICK = 500_000  # characters: fewer take about as long to train on as a process takes to start
_SECONDS_BETWEEN_REPORTS = 0.1


def train_apart(
    examples: Sequence[Example],
    classes: Sequence[str],
    kind: Kind,
    split: Split,
    report: Report,
    *,
    embedding: Embedding | None = None,
) -> TrainedModel:
    """As `train`; few texts are trained on in this process.

    Calls `report` ten times a second, or with each percent of few texts. What it raises ends the training at once.
    """
    if sum(len(example.text) for example in examples) <= _QUICK:
        return train(examples, classes, kind, split, embedding=embedding, report=report)
    return _in_a_process((embedding, examples, classes, kind, split), report)


def _in_a_process(values: tuple[Any, ...], report: Report) -> TrainedModel:
    percent = 0
    with _process(values) as told:
        while True:
            report(percent)
            try:
                answer = told.get(timeout=_SECONDS_BETWEEN_REPORTS)
            except queue.Empty:
                continue
            if not isinstance(answer, int):
                break
            percent = answer
    if isinstance(answer, TrainedModel):
        return answer
    raise answer if isinstance(answer, TrainingError) else RuntimeError("The training process ended without a model.")


@contextlib.contextmanager
def _process(values: tuple[Any, ...]) -> Iterator[queue.SimpleQueue[Any]]:
    """What the process tells, in a queue; None when it has ended. It has ended when the block ends."""
    told = queue.SimpleQueue[Any]()
    command = [sys.executable, "-c", _MAIN]
    # In a separate session: Ctrl-C is for the caller, which ends it.
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=_ROOT, start_new_session=True
    )
    # In a thread, because the process reads its input only when it has started.
    exchange = threading.Thread(target=_exchange, args=(process, values, told), name="language-training")
    exchange.start()
    try:
        yield told
    finally:
        process.kill()
        process.wait()
        exchange.join()


def _exchange(process: subprocess.Popen[bytes], values: tuple[Any, ...], told: queue.SimpleQueue[Any]) -> None:
    stdin, stdout = cast("BinaryIO", process.stdin), cast("BinaryIO", process.stdout)
    with contextlib.suppress(OSError, EOFError, pickle.UnpicklingError), stdout, stdin:
        pickle.dump(values, stdin, pickle.HIGHEST_PROTOCOL)
        stdin.flush()
        while True:
            told.put(pickle.load(stdout))  # noqa: S301, of our own process
    told.put(None)


def _end_with(caller: BinaryIO) -> None:
    """Ends the process when its caller is gone, which sends nothing more."""
    caller.read()
    os._exit(1)


def main() -> None:
    to_caller = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not mix with the answers
    try:
        embedding, *values = pickle.load(sys.stdin.buffer)  # noqa: S301, from our own caller
    except (EOFError, pickle.UnpicklingError):  # the caller was gone before it had sent everything
        sys.exit(1)
    threading.Thread(target=_end_with, args=(sys.stdin.buffer,), daemon=True).start()

    def tell(answer: object) -> None:
        pickle.dump(answer, to_caller, pickle.HIGHEST_PROTOCOL)
        to_caller.flush()

    try:
        tell(train(*values, embedding=embedding, report=tell))
    except TrainingError as error:
        tell(error)

"""The progress of a probe, in the seconds that its plan expects."""

from typing import Any

import keras
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from symclone_tf.probe.candidates import Candidate
from symclone_tf.probe.plans import Plan


class ProbeProgress:
    """A progress bar on stderr, full when all runs are done.

    Args:
        total: Float, seconds.
        disable: Boolean, whether to print nothing.
    """

    def __init__(self, total: float, disable: bool) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<24}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=disable,
        )
        self._task = self._progress.add_task("Probing", total=total)

    def __enter__(self) -> "ProbeProgress":
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def run(self, title: str, candidate: Candidate, plan: Plan) -> "_Watch":
        """A context for one run, which is the callback that advances the bar."""
        self._progress.update(self._task, description=title)
        return _Watch(self._progress, self._task, plan.seconds[candidate.title])


class _Watch(keras.callbacks.Callback):
    """One run on the bar, which advances by its expected seconds in the end."""

    def __init__(self, progress: Progress, task: Any, seconds: float) -> None:
        super().__init__()
        self._progress, self._task, self._left = progress, task, seconds

    def __enter__(self) -> "_Watch":
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.advance(self._task, self._left)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        step = min(self._left, self._left / max(1, self.params["epochs"] - epoch))
        self._progress.advance(self._task, step)
        self._left -= step

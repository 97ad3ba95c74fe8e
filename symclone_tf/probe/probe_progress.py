"""The progress of a probe, in seconds as its plan expects them."""

import keras
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


class ProbeProgress:
    """A bar on stderr, that ends when all runs are there.

    Args:
        total: Float, seconds.
        disable: Boolean, whether to stay silent.
    """

    def __init__(self, total, disable):
        self._progress = Progress(
            TextColumn("{task.description:<24}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=disable,
        )
        self._task = self._progress.add_task("Probing", total=total)

    def __enter__(self):
        self._progress.start()
        return self

    def __exit__(self, *exception):
        self._progress.stop()

    def run(self, title, candidate, plan) -> "_Watch":
        """A context for one run, and the callback that moves the bar."""
        self._progress.update(self._task, description=title)
        return _Watch(self._progress, self._task, plan.seconds[candidate.title])


class _Watch(keras.callbacks.Callback):
    """One run on the bar, which ends where it was expected to, sooner or later."""

    def __init__(self, progress, task, seconds):
        super().__init__()
        self._progress, self._task, self._left = progress, task, seconds

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._progress.advance(self._task, self._left)

    def on_epoch_end(self, epoch, logs=None):
        step = min(self._left, self._left / max(1, self.params["epochs"] - epoch))
        self._progress.advance(self._task, step)
        self._left -= step

"""The progress of a probe, in the seconds that its plan expects."""

import signal
import threading
import time
from typing import Any

import keras
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from symclone_tf.probe.candidates import Candidate
from symclone_tf.probe.plans import Plan


def tell(line: str, disable: bool = False) -> None:
    """Prints a line on stderr, at once.

    Args:
        line: String.
        disable: Boolean, whether to print nothing.
    """
    if not disable:
        Console(stderr=True, highlight=False, soft_wrap=True).print(line, markup=False)


class ProbeProgress:
    """A progress bar on stderr, full when all runs are done.

    Where stderr is a file or a pipe, which cannot show a bar, it is a line for each
    run that ended.

    Args:
        total: Float, seconds.
        runs: Integer.
        disable: Boolean, whether to print nothing.
    """

    def __init__(self, total: float, runs: int, disable: bool) -> None:
        console = Console(stderr=True)
        self._lines = not disable and not console.is_terminal
        self._progress = Progress(
            TextColumn("{task.description:<24}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeRemainingColumn(),
            console=console,
            disable=disable or self._lines,
        )
        self._task = self._progress.add_task("Probing", total=total)
        self._runs, self._done = runs, 0
        self._began = time.monotonic()
        if self._lines:
            tell(f"{runs} networks to train, in {_minutes(total)} or so")

    def __enter__(self) -> "ProbeProgress":
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def run(self, title: str, candidate: Candidate, plan: Plan) -> "_Watch":
        """A context for one run, which is the callback that advances the bar."""
        self._progress.update(self._task, description=title)
        return _Watch(self._progress, self._task, plan.expected(candidate))

    def ended(self, title: str, accuracy: float) -> None:
        """Says where there is no bar that a run has ended, and how much remains.

        Args:
            title: String, of the run.
            accuracy: Float.
        """
        self._done += 1
        if not self._lines:
            return
        (task,) = self._progress.tasks
        # At the pace of the runs so far, which early stopping makes shorter.
        pace = (time.monotonic() - self._began) / max(task.completed, 1e-9)
        left = pace * max((task.total or 0) - task.completed, 0)
        tell(
            f"{self._done} of {self._runs}: {title}: {accuracy:.1%}; "
            f"{_minutes(left)} or so left"
        )


def _minutes(seconds: float) -> str:
    minutes = round(seconds / 60)
    if not minutes:
        return "less than a minute"
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


class _Watch(keras.callbacks.Callback):
    """One run on the bar, which advances by its expected seconds in the end.

    An interruption ends it after a batch. Python raises one wherever it is, also where
    the exception is ignored, as in a callback of a weak reference, and the run would go
    on; a second one is raised at once.
    """

    def __init__(self, progress: Progress, task: Any, seconds: float) -> None:
        super().__init__()
        self._progress, self._task, self._left = progress, task, seconds
        self._interrupted = False
        self._handles = False

    def __enter__(self) -> "_Watch":
        in_main = threading.current_thread() is threading.main_thread()
        raising = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        self._handles = in_main and raising
        if self._handles:
            signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._handles:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        self._progress.advance(self._task, self._left)

    def _interrupt(self, *arguments: object) -> None:
        self.stop_if_interrupted()
        self._interrupted = True

    def stop_if_interrupted(self) -> None:
        """Raises an interruption that has come.

        Raises:
            KeyboardInterrupt: If there was one.
        """
        if self._interrupted:
            raise KeyboardInterrupt

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.stop_if_interrupted()

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self.stop_if_interrupted()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        step = min(self._left, self._left / max(1, self.params["epochs"] - epoch))
        self._progress.advance(self._task, step)
        self._left -= step

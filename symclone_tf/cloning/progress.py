"""A progress bar that shows the last step's metric, not its running mean."""

import keras
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)


class TrainingProgress(keras.callbacks.Callback):
    """Shows steps, the current metric and the remaining time on stderr.

    It is a context manager as well as a callback, so that the terminal is restored
    when training is interrupted.

    Args:
        description: String, the name of what is trained.
        steps: Integer, the number of steps in all epochs.
        metric: String, the entry of the logs to show.
        form: String, its format.
        disable: Boolean, whether to stay silent.
        done: Integer, steps of an interrupted run that this one continues.

    Example:

    >>> cloner = Cloner(DenseStudent(ConvTeacher("t2", 6), seed=0))
    >>> cloner.compile(jit_compile=False, run_eagerly=True)  # for two steps
    >>> with TrainingProgress("T(2) 6×6", steps=2, disable=True) as progress:
    ...     history = cloner.fit(steps_per_epoch=2, callbacks=[progress], verbose=0)
    >>> sorted(history.history)  # the bar shows the NMSE
    ['loss', 'nmse']
    """

    def __init__(
        self,
        description: str,
        steps: int,
        metric: str = "nmse",
        form: str = ".1e",
        disable: bool = False,
        done: int = 0,
    ) -> None:
        super().__init__()
        self._progress = Progress(
            TextColumn("{task.description:<18}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[value]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=disable,
        )
        self._steps = steps
        self._metric = metric
        self._title = metric.upper() if metric == "nmse" else metric
        self._form = form
        self._before = done
        self._epoch_steps = 0
        self._task = self._progress.add_task(
            description, total=steps, completed=done, value=f"{self._title} –"
        )

    def __enter__(self) -> "TrainingProgress":
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self._before += self._epoch_steps

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self._epoch_steps = batch + 1
        self._progress.update(
            self._task,
            # The last of several steps per execution may lie past the end.
            completed=min(self._before + batch + 1, self._steps),
            value=f"{self._title} {float((logs or {})[self._metric]):{self._form}}",
        )

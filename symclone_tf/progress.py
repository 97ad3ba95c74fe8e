"""A progress bar that shows where cloning is now, not its running mean."""

import keras
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)


class CloningProgress(keras.callbacks.Callback):
    """Shows steps, current NMSE and remaining time on stderr.

    A context manager besides a callback, so that an interrupted training
    leaves the terminal as it was.

    Args:
        description: String, what is being cloned.
        steps: Integer, the number of steps in all.
        disable: Boolean, whether to stay silent.
    """

    def __init__(self, description: str, steps: int, disable: bool = False):
        super().__init__()
        self._progress = Progress(
            TextColumn("{task.description:<18}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("NMSE {task.fields[nmse]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=disable,
        )
        self._steps = steps
        self._task = self._progress.add_task(description, total=steps, nmse="–")

    def __enter__(self):
        self._progress.start()
        return self

    def __exit__(self, *exception):
        self._progress.stop()

    def on_train_batch_end(self, batch, logs=None):
        self._progress.update(
            self._task,
            # The last of several steps per execution may lie past the end.
            completed=min(batch + 1, self._steps),
            nmse=f"{float(logs['nmse']):.1e}",
        )

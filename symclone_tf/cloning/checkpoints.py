"""Checkpoints, from which interrupted trainings are continued.

`keras.callbacks.BackupAndRestore` writes weights and the epoch into two files: a
process that is killed between them continues from the wrong epoch, or not at all.
Here the weights include the optimizer's count of steps, and one rename makes them the
checkpoint.
"""

import contextlib
import hashlib
import json
import pathlib
import time
import uuid
from typing import TYPE_CHECKING, Any, Protocol

import h5py
import keras

from symclone_tf.errors import ArtifactError
from symclone_tf.types import Array, Path

if TYPE_CHECKING:
    import tensorflow as tf

FOLDER = ".unfinished"
# The group of the file that Keras does not know.
BESIDE = "beside"
# The shortest time between two checkpoints: writing a large student takes a second.
SECONDS = 10.0
_AUGMENTATION = (keras.layers.RandomFlip, keras.layers.RandomRotation)


def checkpoint_file(
    directory: Path, name: str, options: dict[str, Any]
) -> pathlib.Path:
    """The file of a training's checkpoint, another one for each training.

    Args:
        directory: String or path, the root of all artifacts.
        name: String, the name of the artifact.
        options: Dictionary, all that the result depends on.

    Returns:
        `pathlib.Path` in a hidden folder of `directory`.

    Example:

    >>> checkpoint_file("exported", "t2-8x8-k3", {"seed": 0}).name
    't2-8x8-k3-de7d7744ccd7.weights.h5'
    """
    text = json.dumps(options, sort_keys=True, default=str)
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return pathlib.Path(directory, FOLDER, f"{name}-{digest}.weights.h5")


class Stateful(Protocol):
    """What has a state of arrays, to be kept beside weights."""

    def get_state(self) -> dict[str, Array]: ...

    def set_state(self, state: dict[str, Array]) -> None: ...


class Checkpoint(keras.callbacks.Callback):
    """Saves the state of a training after epochs, and restores it.

    Args:
        file: `pathlib.Path`, see `checkpoint_file`.

    Attributes:
        beside: An object with `get_state()`, which returns a dictionary of arrays, and
            `set_state(state)`, as a callback: its state is in the same file. `None`
            for nothing.

    Example:

    >>> checkpoint = Checkpoint(checkpoint_file(directory, "t2", {"seed": 0}))
    >>> cloner = Cloner(DenseStudent(ConvTeacher("t2", 6), seed=0))
    >>> cloner.compile(jit_compile=False, run_eagerly=True)  # for two steps
    >>> checkpoint.restore(cloner)  # steps: no training was interrupted
    0
    >>> history = cloner.fit(steps_per_epoch=2, callbacks=[checkpoint], verbose=0)
    >>> checkpoint.remove()  # once the result is saved
    """

    def __init__(self, file: pathlib.Path) -> None:
        super().__init__()
        self.file = file
        self.beside: Stateful | None = None
        self._last = time.monotonic()

    def restore(self, model: keras.Model) -> int:
        """Restores the state of an interrupted training, if there is one.

        Args:
            model: `keras.Model`, built and compiled.

        Returns:
            Integer, the number of steps that are done.

        Raises:
            ArtifactError: If the file cannot be read.
        """
        if not self.file.is_file():
            return 0
        model.optimizer.build(model.trainable_variables)
        try:
            model.load_weights(self.file)
            if self.beside is not None:
                with h5py.File(self.file) as file:
                    self.beside.set_state({k: v[()] for k, v in file[BESIDE].items()})
        except Exception as error:  # a damaged file can raise any
            raise ArtifactError(
                f"{self.file} cannot be continued from: remove it, or start without "
                "`resume`"
            ) from error
        return int(model.optimizer.iterations)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        # A training that was stopped has diverged, and is not continued.
        if self.model.stop_training or time.monotonic() - self._last < SECONDS:
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        aside = self.file.with_name(f".{uuid.uuid4().hex}-{self.file.name}")
        try:
            self.model.save_weights(aside)
            if self.beside is not None:
                with h5py.File(aside, "a") as file:
                    group = file.create_group(BESIDE)
                    for name, array in self.beside.get_state().items():
                        group[name] = array
            aside.replace(self.file)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        self._last = time.monotonic()

    def remove(self) -> None:
        """Removes the checkpoint, and partial files of killed processes."""
        for file in (self.file, *self.file.parent.glob(f".*-{self.file.name}")):
            file.unlink(missing_ok=True)
        if self.file.parent.name == FOLDER:
            with contextlib.suppress(OSError):
                self.file.parent.rmdir()  # fails if it has other checkpoints


def skip(dataset: "tf.data.Dataset", model: keras.Model, steps: int) -> None:
    """Advances the random state of a training by a number of steps.

    Args:
        dataset: `tf.data.Dataset`, which is shuffled anew for each epoch.
        model: `keras.Model`, whose dropout, random transformations, `RandomFlip` and
            `RandomRotation` draw once in each step.
        steps: Integer, a multiple of the steps of an epoch.

    Example:

    >>> import tensorflow as tf
    >>> ran, resumed = [keras.layers.Dropout(0.5, seed=0) for _ in range(2)]
    >>> drawn = [ran(np.ones((1, 9)), training=True) for step in range(5)]
    >>> dataset = tf.data.Dataset.range(2).shuffle(2)  # two steps an epoch
    >>> skip(dataset, keras.Sequential([resumed]), steps=4)
    >>> np.array_equal(resumed(np.ones((1, 9)), training=True), drawn[4])
    True
    """
    # Each new iterator shuffles anew, and Keras creates two in each epoch.
    for _ in range(2 * steps // len(dataset)):
        iter(dataset)
    for layer in model._flatten_layers():
        transformations = getattr(layer, "random_transformations", None)
        if transformations or isinstance(layer, keras.layers.Dropout):
            layer.seed_generator.state.assign_add([0, steps])
        elif isinstance(layer, _AUGMENTATION):
            layer.generator.state.assign_add([0, steps])

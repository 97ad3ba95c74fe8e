"""Trainings that can be continued after they were interrupted.

`keras.callbacks.BackupAndRestore` writes weights and the epoch into two files: a
process that is killed between them continues from the wrong one, or not at all.
Here the optimizer's own count of steps, among the weights, says how far they are,
and one rename makes them the checkpoint.
"""

import contextlib
import hashlib
import json
import pathlib
import time
import uuid

import keras

from symclone_tf.errors import ArtifactError

FOLDER = ".unfinished"
# How often to write: large students take a second to do so.
SECONDS = 10.0


def checkpoint_file(directory, name, options) -> pathlib.Path:
    """Where the checkpoint of a training is, apart from those of all others.

    Args:
        directory: String or path, the root of what training makes.
        name: String, what is trained.
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


class Checkpoint(keras.callbacks.Callback):
    """Keeps the state of a training after an epoch, and restores it.

    Args:
        file: `pathlib.Path`, see `checkpoint_file`.

    Example:

    >>> checkpoint = Checkpoint(checkpoint_file(directory, "t2", {"seed": 0}))
    >>> cloner = Cloner(DenseStudent(ConvTeacher("t2", 6), seed=0))
    >>> cloner.compile(jit_compile=False, run_eagerly=True)  # for two steps
    >>> checkpoint.restore(cloner)  # steps: none, as nothing was interrupted
    0
    >>> history = cloner.fit(steps_per_epoch=2, callbacks=[checkpoint], verbose=0)
    >>> checkpoint.remove()  # once the result is safe
    """

    def __init__(self, file):
        super().__init__()
        self.file = file
        self._last = time.monotonic()

    def restore(self, model) -> int:
        """Takes over the state of an interrupted training, if there is one.

        Args:
            model: `keras.Model`, built and compiled.

        Returns:
            Integer, how many steps have been done.

        Raises:
            ArtifactError: If the file cannot be read.
        """
        if not self.file.is_file():
            return 0
        model.optimizer.build(model.trainable_variables)
        try:
            model.load_weights(self.file)
        except Exception as error:  # whatever a damaged file may provoke
            raise ArtifactError(
                f"{self.file} cannot be continued from: remove it, or start without "
                "`resume`"
            ) from error
        return int(model.optimizer.iterations)

    def on_epoch_end(self, epoch, logs=None):
        # A training that was stopped has diverged: there is no going on from it.
        if self.model.stop_training or time.monotonic() - self._last < SECONDS:
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        aside = self.file.with_name(f".{uuid.uuid4().hex}-{self.file.name}")
        try:
            self.model.save_weights(aside)
            aside.replace(self.file)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        self._last = time.monotonic()

    def remove(self) -> None:
        """Forgets a training whose result is safe, and what killed ones left."""
        for file in (self.file, *self.file.parent.glob(f".*-{self.file.name}")):
            file.unlink(missing_ok=True)
        if self.file.parent.name == FOLDER:
            with contextlib.suppress(OSError):
                self.file.parent.rmdir()  # unless others are unfinished


def skip(dataset, model, steps) -> None:
    """Brings what is random about a training to where it is after some steps.

    Args:
        dataset: `tf.data.Dataset`, that shuffles itself anew for each epoch.
        model: `keras.Model`, whose dropout, and layers that move inputs at random,
            draw once a step.
        steps: Integer, whole epochs of the data set.

    Example:

    >>> import tensorflow as tf
    >>> ran, resumed = [keras.layers.Dropout(0.5, seed=0) for _ in range(2)]
    >>> drawn = [ran(np.ones((1, 9)), training=True) for step in range(5)]
    >>> dataset = tf.data.Dataset.range(2).shuffle(2)  # two steps an epoch
    >>> skip(dataset, keras.Sequential([resumed]), steps=4)
    >>> np.array_equal(resumed(np.ones((1, 9)), training=True), drawn[4])
    True
    """
    # Each new iterator shuffles anew; Keras makes one before and one after an epoch.
    for _ in range(2 * steps // len(dataset)):
        iter(dataset)
    for layer in model._flatten_layers():
        transformations = getattr(layer, "random_transformations", None)
        if transformations or isinstance(layer, keras.layers.Dropout):
            layer.seed_generator.state.assign_add([0, steps])

"""Cloning by gradient descent: on one device or several, from the start or resumed."""

import math
import warnings
from typing import Any

import keras

from symclone_tf.backends import backend
from symclone_tf.cloning.checkpoints import Checkpoint
from symclone_tf.cloning.cloner import Cloner
from symclone_tf.cloning.progress import TrainingProgress
from symclone_tf.cloning.recipes import Recipe
from symclone_tf.cloning.strategies import make_strategy
from symclone_tf.cloning.training_options import Training
from symclone_tf.errors import CloningError, StrategyWarning
from symclone_tf.students import Student

# The smallest and the largest number of steps between checkpoints.
SHORTEST, LONGEST = 10, 500


def descend(
    student: Student,
    options: Training,
    recipe: Recipe,
    verbose: int = 1,
    checkpoint: Checkpoint | None = None,
) -> dict[str, Any]:
    """Trains a student by gradient descent.

    Args:
        student: `Student`.
        options: `Training`.
        recipe: `Recipe`, from `options.check`.
        verbose: Integer, 0 for silence, 1 for a progress bar on stderr.
        checkpoint: `Checkpoint` or `None`, see `train`.

    Returns:
        Dictionary, the attributes of `Report` that describe the training.

    Raises:
        CloningError: If training diverges, or loses a worker.
    """
    strategy = make_strategy(options.strategy)
    replicas = strategy.num_replicas_in_sync
    with strategy.scope():
        trained = _copy(student) if replicas > 1 else student
        cloner = Cloner(trained, seed=options.seed, recipe=recipe)
        cloner.compile(
            recipe.make_optimizer(),
            jit_compile=_jit(options.jit, replicas),
            steps_per_execution=_steps_per_execution(recipe.steps, replicas),
        )
    done = 0
    if checkpoint and options.resume:
        done = checkpoint.restore(cloner)
    last = _fit(cloner, recipe.steps, verbose, checkpoint, done)
    if not math.isfinite(last):
        raise CloningError(
            f"Cloning diverged: the NMSE became {last}. Lower `learning_rate`. "
            f"Received: learning_rate={recipe.learning_rate}"
        )
    if trained is not student:
        student.build()
        student.set_weights(trained.get_weights())
    return {
        "steps": recipe.steps,
        "images_per_step": cloner.recipe.images_per_step,
        "kernels_per_step": recipe.kernels_per_step,
        "learning_rate": recipe.learning_rate,
        "jit": bool(cloner.jit_compile),
        "replicas": replicas,
    }


def described(student: Student) -> str:
    """What is cloned, in a progress line: too few blocks do not get exact.

    Args:
        student: `Student`.

    Returns:
        String.
    """
    title, exact = student.teacher.title, student.teacher.rank
    if not student.is_linear or student.blocks >= exact:
        return title
    return f"{title}, {student.blocks} of {exact} blocks: never exact"


def _fit(
    cloner: Cloner,
    steps: int,
    verbose: int,
    checkpoint: Checkpoint | None = None,
    done: int = 0,
) -> float:
    """Fits, and returns the last step's NMSE."""
    description = described(cloner.student)
    # Checkpoints are written between epochs, which have no other purpose here.
    length = min(max(steps // 20, SHORTEST), LONGEST, steps) if checkpoint else steps
    callbacks: list[keras.callbacks.Callback] = [keras.callbacks.TerminateOnNaN()]
    if checkpoint:
        callbacks.append(checkpoint)
    last = 0.0
    try:
        with TrainingProgress(
            description, steps, disable=not verbose, done=done
        ) as progress:
            callbacks.insert(0, progress)
            while done < steps and not cloner.stop_training:
                # If epochs do not divide the steps, the last one is shorter.
                epochs = max(1, (steps - done) // length)
                steps_per_epoch = min(length, steps - done)
                history = cloner.fit(
                    steps_per_epoch=steps_per_epoch,
                    epochs=epochs,
                    verbose=0,
                    callbacks=callbacks,
                )
                done += epochs * steps_per_epoch
                last = history.history["nmse"][-1]
    except backend().worker_errors as error:
        raise CloningError(
            "Another worker stopped answering. Start all workers again."
        ) from error
    return last


def _copy(student: Student) -> Student:
    """The same student, with variables of the strategy in scope."""
    copy = type(student).from_config(student.get_config())
    copy.build()
    if student.built:
        copy.set_weights(student.get_weights())
    return copy


def _steps_per_execution(steps: int, replicas: int) -> int:
    """Few enough that the progress bar is updated and Ctrl-C works. Keras' loop over
    several steps does not build if replicas reduce within it, nor on PyTorch."""
    several = replicas == 1 and backend().compiles
    return max(1, min(20, steps // 20)) if several else 1


def _jit(wanted: bool | None, replicas: int) -> bool | str:
    if replicas == 1:
        return "auto" if wanted is None else wanted
    if wanted or (wanted is None and backend().has_gpu()):
        warnings.warn(
            f"XLA is off: it does not compile a step across {replicas} devices.",
            StrategyWarning,
            stacklevel=2,
        )
    return False

"""Cloning by gradient descent: on one device or several, in one go or resumed."""

import math
import warnings

import keras
import tensorflow as tf

from symclone_tf.cloning.cloner import Cloner
from symclone_tf.cloning.progress import TrainingProgress
from symclone_tf.cloning.strategies import make_strategy
from symclone_tf.errors import CloningError, StrategyWarning

# Steps between which a checkpoint may be written.
SHORTEST, LONGEST = 10, 500


def descend(student, options, verbose=1, checkpoint=None) -> dict:
    """Trains a student by gradient descent.

    Args:
        student: `Student`.
        options: `Training`.
        verbose: Integer, 0 for silence, 1 for a progress bar on stderr.
        checkpoint: `Checkpoint` or `None`, see `train`.

    Returns:
        Dictionary, what to report of it.

    Raises:
        CloningError: If training diverges, or loses a worker.
    """
    recipe = options.recipe(student)
    strategy = make_strategy(options.strategy)
    replicas = strategy.num_replicas_in_sync
    with strategy.scope():
        pupil = _twin(student) if replicas > 1 else student
        cloner = Cloner(
            pupil, recipe.images_per_step, recipe.kernels_per_step, options.seed
        )
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
    if pupil is not student:
        student.build()
        student.set_weights(pupil.get_weights())
    return {
        "steps": recipe.steps,
        "images_per_step": cloner.recipe.images_per_step,
        "kernels_per_step": recipe.kernels_per_step,
        "learning_rate": recipe.learning_rate,
        "jit": bool(cloner.jit_compile),
        "replicas": replicas,
    }


def _fit(cloner, steps, verbose, checkpoint=None, done=0) -> float:
    """Fits, and returns the last step's NMSE."""
    description = cloner.student.teacher.title
    # Epochs mean nothing here, but that checkpoints are written between them.
    length = min(max(steps // 20, SHORTEST), LONGEST, steps) if checkpoint else steps
    callbacks = [keras.callbacks.TerminateOnNaN()]
    if checkpoint:
        callbacks.append(checkpoint)
    last = 0.0
    try:
        with TrainingProgress(
            description, steps, disable=not verbose, done=done
        ) as progress:
            callbacks.insert(0, progress)
            while done < steps and not cloner.stop_training:
                # What does not divide evenly is a shorter epoch at the end.
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
    except (
        tf.errors.UnavailableError,
        tf.errors.AbortedError,
        tf.errors.CancelledError,
        tf.errors.DeadlineExceededError,
    ) as error:
        raise CloningError(
            "Another worker stopped answering. Start all workers again."
        ) from error
    return last


def _twin(student):
    """The same student, with variables of the strategy that is in scope."""
    twin = type(student).from_config(student.get_config())
    twin.build()
    if student.built:
        twin.set_weights(student.get_weights())
    return twin


def _steps_per_execution(steps, replicas):
    """Few enough that the bar moves and an interruption is heeded. Keras' loop
    over several steps does not build where replicas reduce inside of it."""
    return max(1, min(20, steps // 20)) if replicas == 1 else 1


def _jit(wanted, replicas):
    if replicas == 1:
        return "auto" if wanted is None else wanted
    if wanted or (wanted is None and tf.config.list_physical_devices("GPU")):
        warnings.warn(
            f"XLA is off: it does not compile a step across {replicas} devices.",
            StrategyWarning,
            stacklevel=2,
        )
    return False

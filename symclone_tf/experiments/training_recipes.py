"""How the networks of experiments are trained: by which recipe, and on which images."""

import dataclasses
import math
from collections.abc import Callable

import keras
from keras import layers

from symclone_tf.checks import one_of

AUGMENTATIONS: dict[str, Callable[..., keras.layers.Layer]] = {
    "flip": lambda seed: layers.RandomFlip("horizontal", seed=seed),
    "rotation": lambda seed: layers.RandomRotation(0.5, seed=seed),
}
"""Keras' layers of `augment`: reflections from left to right, and rotations by any
angle; with both, reflections along any axis."""
# A tenth of fewer images says too little of when to stop.
FEWEST_HELD_OUT_OF = 200


@dataclasses.dataclass(frozen=True)
class TrainingRecipe:
    """How networks are trained.

    Attributes:
        learning_rate: Float, of AdamW, the largest one.
        epochs: Integer, the fewest.
        steps: Integer, how many there are in all if that takes more epochs, up to
            `most`.
        most: Integer, of epochs.
        validated: Boolean. If so, a layer normalises each channel of the images by
            its mean and variance over those that are trained on; the learning rate
            rises in the first twentieth of all steps and falls as a cosine does
            ([Loshchilov & Hutter, 2017](https://arxiv.org/abs/1608.03983)); of 200
            training images or more a tenth is held out, training stops when a quarter
            of all epochs has not raised the accuracy of these, and the weights of the
            epoch with the highest are kept. Otherwise pixels are from 0 to 1, the rate
            is constant and the weights are those of the last epoch.

    Example:

    >>> recipe = TRAINING_RECIPES["validated"]
    >>> recipe.epochs_of(8_000, batch_size=64), recipe.held_out(8_000)
    (14, 800)
    """

    learning_rate: float
    epochs: int
    steps: int = 0
    most: int = 0
    validated: bool = False

    def epochs_of(self, size: int, batch_size: int) -> int:
        """How many epochs there are by default.

        Args:
            size: Integer, the number of training images.
            batch_size: Integer.
        """
        each = math.ceil((size - self.held_out(size)) / batch_size)
        return max(self.epochs, min(self.most, math.ceil(self.steps / each)))

    def held_out(self, size: int) -> int:
        """How many training images are held out, to stop by.

        Args:
            size: Integer, the number of training images.
        """
        return size // 10 if self.validated and size >= FEWEST_HELD_OUT_OF else 0


TRAINING_RECIPES = {
    "fixed": TrainingRecipe(1e-3, epochs=8),
    "validated": TrainingRecipe(3e-3, epochs=8, steps=1_500, most=200, validated=True),
}
"""Recipes by the names that `Experiment` takes: `"fixed"`, by which the tables of
`benchmark` compare networks, and `"validated"`, for networks that are to be used."""


def augmentation_of(augment: str | None, seed: int = 0) -> list[keras.layers.Layer]:
    """The layers that transform images at random in training.

    Args:
        augment: String, names of `AUGMENTATIONS`, separated by commas, or `None`.
        seed: Integer.

    Returns:
        List of Keras layers.

    Raises:
        ValueError: If there is no such name.

    Example:

    >>> [type(layer).__name__ for layer in augmentation_of("flip,rotation")]
    ['RandomFlip', 'RandomRotation']
    """
    names = augment.split(",") if isinstance(augment, str) else []
    if augment is not None and (not names or len(set(names)) < len(names)):
        raise ValueError(
            f"`augment` must be {' or '.join(AUGMENTATIONS)}, or both, separated by a "
            f"comma. Received: augment={augment!r}"
        )
    for name in names:
        one_of("augment", name, AUGMENTATIONS)
    return [AUGMENTATIONS[name](seed + n) for n, name in enumerate(names)]

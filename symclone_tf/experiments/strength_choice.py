"""The strength of an anchor that an experiment finds by itself."""

from typing import Any

import keras
import tensorflow as tf

from symclone_tf.networks import StrengthSearch

AUTO = "auto"
"""`anchor_strength` of an experiment that tries several at once."""
# Of the strengths that are trained, in the logs of `StrengthSearch`.
BEST = "best_accuracy"


def check_auto(symmetry: str, recipe: str, validated: bool, task: str) -> None:
    """Refuses experiments whose strength cannot be found.

    Args:
        symmetry: String, of all convolutions, or of each, separated by commas.
        recipe: String, the name of the recipe.
        validated: Boolean, whether that recipe holds images out.
        task: String.

    Raises:
        ValueError: If not one convolution alone is anchored, no images are held out to
            choose by, or pixels are classified.

    Example:

    >>> check_auto("frozen,frozen,frozen,anchored", "validated", True, "breaking")
    >>> check_auto("anchored", "validated", True, "breaking")
    Traceback (most recent call last):
    ...
    ValueError: `anchor_strength` auto is for networks of which one convolution is \
anchored, as `symmetry` frozen,frozen,frozen,anchored. Received: symmetry=anchored
    """
    if task == "segmentation":
        raise ValueError(
            "`anchor_strength` auto is for tasks that classify images. "
            f"Received: task={task}"
        )
    if symmetry.split(",").count("anchored") != 1 or symmetry == "anchored":
        raise ValueError(
            "`anchor_strength` auto is for networks of which one convolution is "
            "anchored, as `symmetry` frozen,frozen,frozen,anchored. "
            f"Received: symmetry={symmetry}"
        )
    if not validated:
        raise ValueError(
            "`anchor_strength` auto is for `recipe` validated, which holds images out "
            f"to choose by. Received: recipe={recipe}"
        )


def best_network(
    search: StrengthSearch, held_out: tf.data.Dataset
) -> tuple[keras.Model, list[dict[str, Any]]]:
    """The network of the strength that is most accurate.

    Args:
        search: `StrengthSearch`, trained, with finite weights.
        held_out: `tf.data.Dataset` of batches, which it was not trained on.

    Returns:
        Pair of a `keras.Model` and a list of dictionaries, one for each strength:
        `strength`, `loss`, `accuracy` and `is_chosen`.

    Example:

    >>> last = UntiedGroupConv2D(4, 3, "c4", symmetry="anchored", seed=0)
    >>> layers = [keras.Input((8, 8, 1)), last, GroupPooling(), keras.layers.Flatten()]
    >>> model = keras.Sequential([*layers, keras.layers.Dense(2, "softmax")])
    >>> search = StrengthSearch(model)
    >>> search.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    >>> pair = np.zeros((4, 8, 8, 1)), np.zeros(4)
    >>> held_out = tf.data.Dataset.from_tensor_slices(pair).batch(2)
    >>> model, tried = best_network(search, held_out)
    >>> [(one["strength"], one["is_chosen"]) for one in tried]  # of equals the largest
    [(0.1, False), (0.3, False), (0.5, True)]
    """
    model, tried = search.choose(held_out, monitor="accuracy")
    return model, [
        {"strength": one.strength, **one.scores, "is_chosen": one.is_chosen}
        for one in tried
    ]

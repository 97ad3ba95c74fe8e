"""Names of classes, and labels that must be among them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from symclone_tf.errors import DataError
from symclone_tf.types import Array


def class_names(
    source: str, names: Any, labels: Mapping[str, Array], trained: Array
) -> list[str]:
    """The names of all classes, which labels are the positions of.

    Args:
        source: String, what messages call the data.
        names: Sequence of strings; `None` or empty for the labels themselves.
        labels: Dictionary from what messages call them to integer arrays of labels,
            those to train on first.
        trained: Integer array, the labels that are trained on.

    Returns:
        List of strings.

    Raises:
        DataError: If `names` are none, a label has no name, or no image to train on.
    """
    names = [] if names is None else names
    if isinstance(names, (str, bytes)) or np.ndim(names) != 1:
        raise DataError(
            f"{source}: class_names must be a list of strings. "
            f"Received: {str(names)[:80]}"
        )
    first = next(iter(labels.values()))
    count = len(names) or int(first.max()) + 1
    for split, found in labels.items():
        if found.size and not 0 <= found.min() <= found.max() < count:
            raise DataError(
                f"{source}: labels must be from 0 to {count - 1}. Received: {split} "
                f"from {found.min()} to {found.max()}"
            )
    # Labels may be numbers of any size, as of patients: nothing here is as large.
    there = np.unique(trained)
    if len(there) < count:
        expected = np.arange(len(there))
        missing = np.append(expected[there != expected], len(there))[0]
        raise DataError(f"{source}: no training image has label {missing}")
    return [str(name) for name in names] or [str(label) for label in range(count)]

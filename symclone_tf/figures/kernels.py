"""The kernels of which figures and pages show outputs."""

import numpy as np

from symclone_tf.types import Array

_KERNELS = {
    "edges": np.array([[1, 2, 1], [0, 0, 0], [-1, -2, -1]]) / 4,
    "diagonal": np.array([[2, -1, -1], [-1, 2, -1], [-1, -1, 2]]) / 4,
    "corner": np.array([[2, 2, -1], [2, 0, -1], [-1, -1, -2]]) / 4,
}


def kernels_of(size: int) -> dict[str, Array]:
    """The same kernels in any number of pixels, by their names.

    Args:
        size: Integer, height and width in pixels.

    Returns:
        Dictionary from names to arrays of shape `(size, size)`.

    Example:

    >>> kernels_of(5)["edges"][:, 2].tolist()
    [0.5, 0.25, 0.0, -0.25, -0.5]
    """
    places = np.linspace(0, 2, size)
    to_size = np.stack([np.interp(places, range(3), unit) for unit in np.eye(3)], 1)
    kernels = {name: to_size @ k @ to_size.T for name, k in _KERNELS.items()}
    random = np.random.default_rng(0).normal(size=(size, size)) / size
    return {**kernels, "random": random}

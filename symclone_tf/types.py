"""Types of tensors, arrays and paths, for which Keras and TensorFlow have none."""

import os
from typing import Any, TypeAlias

import numpy.typing as npt

Tensor: TypeAlias = Any
"""A backend's tensor, a `keras.Variable` or a `keras.KerasTensor`."""
ArrayLike: TypeAlias = npt.ArrayLike | Any
"""An array, a tensor, or numbers in lists."""
Array: TypeAlias = npt.NDArray[Any]
"""A NumPy array."""
Path: TypeAlias = str | os.PathLike[str]
"""A path of a file or a folder, as a string or `pathlib.Path`."""
Shape: TypeAlias = tuple[int | None, ...]
"""A shape, `None` for sizes that are not known."""
Pair: TypeAlias = int | tuple[int, int] | list[int]
"""One integer for height and width, or one for each."""
Sizes: TypeAlias = int | tuple[int, ...] | list[int]
"""One integer for all axes, or one for each."""

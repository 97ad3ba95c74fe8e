"""Random inputs and kernels for cloning, drawn on the device."""

import math
from collections.abc import Callable
from typing import Any

from keras import ops

from symclone_tf.backends import backend
from symclone_tf.teachers import Teacher
from symclone_tf.types import Array, Tensor

TRAINING = 0
HELD_OUT = 1
"""For `stream`: draws for evaluation, none of which is drawn in training."""


def draw_pairs(
    teacher: Teacher,
    images: int,
    kernels: int,
    seed: Any,
    orthogonal: bool,
    colours: Array | None = None,
) -> tuple[Tensor, Tensor]:
    """Draws images and kernels, of which each makes a pair with each.

    Every entry has mean 0 and variance 1, as in the paper's section 3.
    With orthogonal draws, the rows of a batch are also orthogonal to each other, so
    that each of them constrains the student in a direction of its own.

    Args:
        teacher: `Teacher`, which determines the shapes.
        images: Integer, the number of images.
        kernels: Integer, the number of kernels.
        seed: State of the draws, from `stream`.
        orthogonal: Boolean, whether to draw orthogonal rows rather than
            independent ones.
        colours: Integer array of shape `(positions_in,)`, see `Student.colours`;
            `None` for a colour each. Positions of a colour get the same draw up to its
            sign: within a receptive field, rows are then orthogonal.

    Returns:
        Pair of tensors: `images` inputs with one channel, and one kernel with
        one channel and `kernels` filters, as teacher and student take them.

    Example:

    >>> teacher, state = ConvTeacher("c4", 8), stream(0, HELD_OUT, step=0)
    >>> inputs, kernel = draw_pairs(teacher, 16, 9, state, orthogonal=True)
    >>> inputs.shape, kernel.shape
    (TensorShape([16, 8, 8, 1]), TensorShape([3, 3, 1, 9]))
    >>> teacher(inputs, kernel).shape  # each input with each kernel
    TensorShape([16, 6, 6, 4, 9])
    """
    draw = orthogonal_rows if orthogonal else gaussian_rows
    image_seed, kernel_seed = backend().split(seed)
    maps = images * teacher.representation_in
    rows = _coloured(draw, maps, teacher.positions_in, image_seed, colours)
    rows = ops.reshape(rows, (images, teacher.representation_in, -1))
    inputs = ops.transpose(rows, (0, 2, 1))
    inputs = ops.reshape(inputs, (images, *teacher.input_shape, 1))
    entries = draw(kernels, teacher.kernel_entries, kernel_seed)
    kernel = ops.reshape(ops.transpose(entries), (*teacher.kernel_shape, 1, kernels))
    return inputs, kernel


def _coloured(
    draw: Callable[[int, int, Tensor], Tensor],
    count: int,
    positions: int,
    seed: Any,
    colours: Array | None,
) -> Tensor:
    """Rows over positions, drawn over their colours."""
    if colours is None or len(colours) == colours.max() + 1:
        return draw(count, positions, seed)
    seed, sign_seed = backend().split(seed)
    rows = ops.take(draw(count, int(colours.max()) + 1, seed), colours, axis=1)
    return rows * ops.sign(backend().uniform((positions,), sign_seed) - 0.5)


def stream(seed: int, use: int, step: int | Tensor) -> Any:
    """The random state of one step, the same in every run.

    Each backend draws in its own way: the same state gives other draws elsewhere.

    Args:
        seed: Integer, the user's seed.
        use: Integer, `TRAINING` or `HELD_OUT`, which have no draws in common.
        step: Integer or integer tensor.

    Returns:
        Integer tensor of shape `(2,)`, or what else the backend draws from.

    Example:

    >>> state = stream(0, HELD_OUT, step=3)
    >>> np.array_equal(state, stream(0, HELD_OUT, step=3))
    True
    >>> np.array_equal(state, stream(0, HELD_OUT, step=4))
    False
    """
    return backend().random_state(seed, use, step)


def gaussian_rows(count: int, size: int, seed: Any) -> Tensor:
    """`count` independent rows of N(0, 1) entries, shape `(count, size)`."""
    return backend().normal((count, size), seed)


def orthogonal_rows(count: int, size: int, seed: Any) -> Tensor:
    """Rows of norm `√size` in uniformly random, mutually orthogonal directions.

    More rows than dimensions are drawn as several independent frames of equal
    size, cut to `count`.

    Returns:
        Tensor of shape `(count, size)`.
    """
    frames = math.ceil(count / size)
    rows = math.ceil(count / frames)
    draws = ops.reshape(gaussian_rows(frames * rows, size, seed), (frames, rows, size))
    # Far from square a Gaussian matrix is well conditioned, and a Cholesky factor of
    # its small Gram matrix orthogonalises it in matrix products.
    frame = backend().orthonormal(draws, far_from_square=2 * rows <= size)
    return ops.reshape(frame, (frames * rows, size))[:count] * math.sqrt(size)

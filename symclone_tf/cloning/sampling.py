"""Random inputs and kernels for cloning, drawn on the device."""

import math
from collections.abc import Callable

import tensorflow as tf

from symclone_tf.teachers import Teacher
from symclone_tf.types import Array, Tensor

TRAINING = 0
HELD_OUT = 1
"""For `stream`: draws for evaluation, none of which is drawn in training."""

# The default depends on the device. XLA and other kernels still draw different
# numbers from the same state.
_ALGORITHM = "philox"


def draw_pairs(
    teacher: Teacher,
    images: int,
    kernels: int,
    seed: Tensor,
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
        seed: Integer tensor of shape `(2,)`, from `stream`.
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
    image_seed, kernel_seed = tf.unstack(tf.random.split(seed, 2, alg=_ALGORITHM))
    maps = images * teacher.representation_in
    rows = _coloured(draw, maps, teacher.positions_in, image_seed, colours)
    rows = tf.reshape(rows, (images, teacher.representation_in, -1))
    inputs = tf.reshape(tf.transpose(rows, (0, 2, 1)), (-1, *teacher.input_shape, 1))
    entries = draw(kernels, teacher.kernel_entries, kernel_seed)
    kernel = tf.reshape(tf.transpose(entries), (*teacher.kernel_shape, 1, kernels))
    return inputs, kernel


def _coloured(
    draw: Callable[[int, int, Tensor], Tensor],
    count: int,
    positions: int,
    seed: Tensor,
    colours: Array | None,
) -> Tensor:
    """Rows over positions, drawn over their colours."""
    if colours is None or len(colours) == colours.max() + 1:
        return draw(count, positions, seed)
    seed, sign_seed = tf.unstack(tf.random.split(seed, 2, alg=_ALGORITHM))
    rows = tf.gather(draw(count, int(colours.max()) + 1, seed), colours, axis=1)
    uniform = tf.random.stateless_uniform((positions,), sign_seed, alg=_ALGORITHM)
    return rows * tf.sign(uniform - 0.5)


def stream(seed: int, use: int, step: int | Tensor) -> Tensor:
    """The random state of one step, the same on every device and in every run.

    Args:
        seed: Integer, the user's seed.
        use: Integer, `TRAINING` or `HELD_OUT`, which have no draws in common.
        step: Integer or integer tensor.

    Returns:
        Integer tensor of shape `(2,)`.

    Example:

    >>> state = stream(0, HELD_OUT, step=3)
    >>> np.array_equal(state, stream(0, HELD_OUT, step=3))
    True
    >>> np.array_equal(state, stream(0, HELD_OUT, step=4))
    False
    """
    state = tf.stack([seed % 2**31, use])
    return tf.random.fold_in(state, tf.cast(step, tf.int32), alg=_ALGORITHM)


def gaussian_rows(count: int, size: int, seed: Tensor) -> Tensor:
    """`count` independent rows of N(0, 1) entries, shape `(count, size)`."""
    return tf.random.stateless_normal((count, size), seed, alg=_ALGORITHM)


def orthogonal_rows(count: int, size: int, seed: Tensor) -> Tensor:
    """Rows of norm `√size` in uniformly random, mutually orthogonal directions.

    More rows than dimensions are drawn as several independent frames of equal
    size, cut to `count`.

    Returns:
        Tensor of shape `(count, size)`.
    """
    frames = math.ceil(count / size)
    rows = math.ceil(count / frames)
    draws = tf.reshape(gaussian_rows(frames * rows, size, seed), (frames, rows, size))
    if 2 * rows <= size:
        # Far from square a Gaussian matrix is well conditioned, and a Cholesky
        # factor of its small Gram matrix orthogonalises it in matrix products.
        factor = tf.linalg.cholesky(tf.matmul(draws, draws, transpose_b=True))
        frame = tf.linalg.triangular_solve(factor, draws)
    else:
        frame = tf.linalg.matrix_transpose(
            tf.linalg.qr(tf.linalg.matrix_transpose(draws)).q
        )
    return tf.reshape(frame, (frames * rows, size))[:count] * math.sqrt(size)

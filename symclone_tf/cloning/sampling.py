"""Random inputs and kernels for cloning, drawn where the computation runs."""

import math

import tensorflow as tf

TRAINING = 0
HELD_OUT = 1
"""For `stream`: draws that students are measured by, none of them drawn in training."""

# Named, because TensorFlow would choose by device. XLA and plain kernels still
# turn the same state into different numbers.
_ALGORITHM = "philox"


def draw_pairs(
    teacher, images: int, kernels: int, seed, orthogonal: bool, colours=None
):
    """Draws images and kernels, to be paired each with each.

    Every entry has mean 0 and variance 1, as in the paper's section 3.
    Orthogonal draws also make the rows of a batch orthogonal to each other, so
    that no two of them ask the same question.

    Args:
        teacher: `Teacher`, which determines the shapes.
        images: Integer, how many images.
        kernels: Integer, how many kernels.
        seed: Integer tensor of shape `(2,)`, from `stream`.
        orthogonal: Boolean, whether to draw orthogonal rows rather than
            independent ones.
        colours: Integer array of shape `(positions_in,)`, or `None` for a colour
            each. Points of a colour get the same draw, but for its sign: rows are
            then orthogonal for whoever sees no colour twice.

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
    points = _coloured(draw, maps, teacher.positions_in, image_seed, colours)
    points = tf.reshape(points, (images, teacher.representation_in, -1))
    inputs = tf.reshape(tf.transpose(points, (0, 2, 1)), (-1, *teacher.input_shape, 1))
    entries = draw(kernels, teacher.kernel_entries, kernel_seed)
    kernel = tf.reshape(tf.transpose(entries), (*teacher.kernel_shape, 1, kernels))
    return inputs, kernel


def _coloured(draw, count, points, seed, colours):
    """Rows over points, drawn over their colours."""
    if colours is None or len(colours) == colours.max() + 1:
        return draw(count, points, seed)
    seed, of_signs = tf.unstack(tf.random.split(seed, 2, alg=_ALGORITHM))
    rows = tf.gather(draw(count, int(colours.max()) + 1, seed), colours, axis=1)
    uniform = tf.random.stateless_uniform((points,), of_signs, alg=_ALGORITHM)
    return rows * tf.sign(uniform - 0.5)


def stream(seed: int, use: int, step):
    """The random state of one step, the same wherever and whenever it runs.

    Args:
        seed: Integer, the user's seed.
        use: Integer, `TRAINING` or `HELD_OUT`: the two never share a draw.
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


def gaussian_rows(count: int, size: int, seed):
    """`count` independent rows of N(0, 1) entries, shape `(count, size)`."""
    return tf.random.stateless_normal((count, size), seed, alg=_ALGORITHM)


def orthogonal_rows(count: int, size: int, seed):
    """Rows of norm `√size` in uniformly random, mutually orthogonal directions.

    More rows than dimensions come as several independent frames of equal
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

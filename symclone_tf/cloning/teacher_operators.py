"""A teacher's operators: its outputs for unit kernels, as linear maps of positions."""

import numpy as np
from keras import ops

from symclone_tf.teachers import Teacher
from symclone_tf.types import Array, Tensor

# Bytes of the teacher's outputs in one evaluation.
CHUNK = 2**27
# Operators whose outputs for random rows differ by less, relatively, are the same; of
# few outputs, some are alike by chance.
ROUNDING = 1e-6
FEWEST_OUTPUTS = 16


class TeacherOperators:
    """A teacher's operators, evaluated for rows of inputs.

    There is an *operator* for each triple of feature map in, feature map out and kernel
    entry. Many are zero, as most pairs of group elements have no kernel entry in
    common, and many are the same, as those of all feature maps in: of the group
    convolution of C4, which has 4·4·36 operators, 9 are left. Called with an array of
    shape `(rows, positions_in)`, it evaluates those that are left for each row, of the
    feature maps in and kernel entries that they have, each times the square root of
    how many operators are the same, and returns a tensor of shape `(rows,
    positions_out, count)`.

    Args:
        teacher: `Teacher`.

    Attributes:
        batch_size: Integer, the most rows of one call.
        count: Integer, how many operators are left.
        nonzero: Integer array, the indices of the operators that are not zero.
        squared_norm: Float, the sum of all outputs' squares while `measures`.
        measures: Boolean, whether to sum them, which takes a pass over all outputs.
    """

    def __init__(self, teacher: Teacher) -> None:
        self.teacher = teacher
        # Outputs for random rows are zero for the operators that are, and the same for
        # those that are the same.
        count = -(-FEWEST_OUTPUTS // teacher.positions_out)
        rng = np.random.default_rng(0)
        rows = rng.normal(size=(count, teacher.positions_in)).astype("float32")
        maps = np.arange(teacher.representation_in)
        entries = np.arange(teacher.kernel_entries)
        outputs = ops.convert_to_numpy(self._evaluate(rows, maps, entries))
        outputs = outputs.reshape(-1, outputs.shape[-1])
        self.nonzero = np.flatnonzero(np.any(outputs != 0, axis=0))
        first, self._same = _distinct(outputs[:, self.nonzero])
        self.count = len(first)
        self._repetitions = np.bincount(self._same, minlength=self.count)
        self._weights = np.sqrt(self._repetitions).astype("float32")
        # Of a group convolution, they are few of all maps in and of all entries.
        shape = (len(maps), teacher.representation_out, len(entries))
        of_maps, out, of_entries = np.unravel_index(self.nonzero[first], shape)
        self._maps, map_index = np.unique(of_maps, return_inverse=True)
        self._entries, entry = np.unique(of_entries, return_inverse=True)
        evaluated = (len(self._maps), shape[1], len(self._entries))
        self._left = np.ravel_multi_index((map_index, out, entry), evaluated)
        response = 4 * teacher.positions_out * int(np.prod(evaluated))
        self.batch_size = max(1, CHUNK // max(1, response))
        self.squared_norm, self.measures = 0.0, True

    def __call__(self, rows: Array) -> Tensor:
        outputs = self._evaluate(rows, self._maps, self._entries)
        outputs = ops.take(outputs, self._left, axis=-1)
        outputs = outputs * ops.convert_to_tensor(self._weights)
        if self.measures:
            self.squared_norm += float(ops.sum(ops.square(outputs)))
        return outputs

    def of_all(self, values: Array) -> Array:
        """Spreads values of the operators that are left to all that are not zero.

        Args:
            values: Array of shape `(count, …)`, as of a combination of the operators
                that a call returns.

        Returns:
            Array of shape `(len(nonzero), …)`, of the same combination.
        """
        return (values.T / self._weights).T[self._same]

    def _evaluate(self, rows: Array, maps: Array, entries: Array) -> Tensor:
        """The outputs of all operators of some feature maps in and kernel entries."""
        teacher = self.teacher
        units = np.eye(teacher.representation_in, dtype="float32")[maps]
        inputs = np.einsum("ip,gf->igpf", rows, units)
        inputs = inputs.reshape(-1, *teacher.input_shape, 1)
        kernels = np.eye(teacher.kernel_entries, dtype="float32")[:, entries]
        outputs = teacher(inputs, kernels.reshape(*teacher.kernel_shape, 1, -1))
        shape = (len(rows), len(maps), teacher.positions_out, -1)
        outputs = ops.transpose(ops.reshape(outputs, shape), (0, 2, 1, 3))
        return ops.reshape(outputs, (len(rows), teacher.positions_out, -1))


def impulse_response(teacher: Teacher) -> int:
    """Bytes of the teacher's outputs for one impulse in each feature map.

    Args:
        teacher: `Teacher`.

    Returns:
        Integer.
    """
    pairs = teacher.representation_in * teacher.representation_out
    return 4 * teacher.positions_out * pairs * teacher.kernel_entries


def _distinct(columns: Array) -> tuple[Array, Array]:
    """The columns that differ from all before them, but for rounding.

    Returns:
        Pair of integer arrays: the indices of these columns, and for each column which
        of them it is.
    """
    norms = np.maximum(np.linalg.norm(columns, axis=0), np.finfo("float32").tiny)
    # Columns that are the same are neighbours in the order of their products with any
    # vector.
    direction = np.random.default_rng(1).normal(size=len(columns))
    order = np.argsort(direction @ columns.astype("float64"), kind="stable")
    begins, last = np.ones(len(order), bool), 0
    for place in range(1, len(order)):
        # With the first of its neighbours, so that no chain drifts.
        step = columns[:, order[place]] - columns[:, order[last]]
        begins[place] = np.linalg.norm(step) > ROUNDING * norms[order[place]]
        last = place if begins[place] else last
    same = np.empty(len(order), int)
    same[order] = np.cumsum(begins) - 1
    # Numbered as they first come, so that few feature maps in have to be evaluated.
    _, first, which = np.unique(same, return_index=True, return_inverse=True)
    ranks = np.argsort(np.argsort(first))
    return np.sort(first), ranks[which]

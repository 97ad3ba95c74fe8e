"""Sums over pairs of points that share weights, in the cheaper of two ways."""

import numpy as np
from keras import ops

# How many times fewer points have to be gathered for each output point than there
# are, before gathering beats one large product.
FEWER = 4


class PairSums:
    """`y[n,q,o] = Σ_{p,c} x[n,p,c] · ψ[orbit(q,p),c,o]`.

    Either one product with the matrix of all weights; or, where the pairs of each
    output point are almost all in one orbit for each orbit of input points, the
    *rest*: from sums over orbits of input points, with the rest's weights, and from
    the few others, with what their weights differ by from the rest's.

    Args:
        orbits: Integer array of shape `(positions_out, positions_in)`, the orbit of each
            pair.
        sizes: Integer array of shape `(orbits,)`, how many pairs each has.
        outputs: Integer array of shape `(positions_out,)`, orbits of output points.
        inputs: Integer array of shape `(positions_in,)`, orbits of input points.

    Attributes:
        gathers: Boolean, which of the two ways it is.
        operations: Integer, multiplications for one input of one channel, and one
            filter.
    """

    def __init__(self, orbits, sizes, outputs, inputs):
        self.orbits = orbits
        self._rest = _largest(orbits, sizes, outputs, inputs)
        others = orbits != self._rest[outputs[:, None], inputs]
        count, totals = int(others.sum(axis=1).max()), self._rest.shape[1]
        self.gathers = FEWER * (count + totals) <= orbits.shape[1]
        columns = count + totals if self.gathers else orbits.shape[1]
        self.operations = len(orbits) * columns
        if self.gathers:
            self._set_places(others, count, outputs, inputs)

    def _set_places(self, others, count, outputs, inputs):
        """What is gathered for each output point, and with which weights."""
        points, kinds = self.orbits.shape[1], self._rest.shape[1]
        nothing = 2 * (self.orbits.max() + 1)
        weights = np.where(others, self.orbits, nothing)
        positions = np.argsort(weights, axis=1, kind="stable")[:, :count]
        weights = np.take_along_axis(weights, positions, axis=1)
        rest = self._rest[outputs] + nothing // 2
        totals = np.broadcast_to(points + np.arange(kinds), rest.shape)
        self._places = np.hstack([positions, totals]).astype("int32")
        self._weights = np.hstack([weights, rest]).astype("int32")
        # To which orbit's weight that of each is compared.
        cells = np.zeros(nothing // 2, "int32")
        cells[self.orbits] = self._rest[outputs[:, None], inputs]
        self._compared = cells
        self._sums_of = np.eye(kinds, dtype="float32")[:, inputs]

    def __call__(self, inputs, kernel):
        """The sums.

        Args:
            inputs: Tensor of shape `(batch, positions_in, channels)`.
            kernel: Tensor of shape `(orbits, channels, filters)`.

        Returns:
            Tensor of shape `(batch, positions_out, filters)`.
        """
        if self.gathers:
            return self._gathered(inputs, kernel)
        positions_out, positions_in = self.orbits.shape
        channels, filters = kernel.shape[-2:]
        matrix = ops.take(kernel, self.orbits.T, axis=0)
        matrix = ops.transpose(matrix, (0, 2, 1, 3))
        matrix = ops.reshape(matrix, (positions_in * channels, positions_out * filters))
        flat = ops.reshape(inputs, (-1, positions_in * channels))
        return ops.reshape(ops.matmul(flat, matrix), (-1, positions_out, filters))

    def _gathered(self, inputs, kernel):
        channels, filters = kernel.shape[-2:]
        differences = kernel - ops.take(kernel, self._compared, axis=0)
        table = ops.concatenate([differences, kernel, ops.zeros_like(kernel[:1])])
        totals = ops.matmul(ops.cast(self._sums_of, inputs.dtype), inputs)
        points = ops.concatenate([inputs, totals], axis=1)
        count, columns = self._places.shape
        # (positions_out, batch, columns · channels)
        seen = ops.take(ops.transpose(points, (1, 0, 2)), self._places, axis=0)
        seen = ops.transpose(seen, (0, 2, 1, 3))
        width = columns * channels
        if np.all(self._weights == self._weights[0]):
            weights = ops.take(table, self._weights[0], axis=0)
            weights = ops.reshape(weights, (width, filters))
            outputs = ops.matmul(ops.reshape(seen, (-1, width)), weights)
        else:
            weights = ops.take(table, self._weights, axis=0)
            weights = ops.reshape(weights, (count, width, filters))
            outputs = ops.matmul(ops.reshape(seen, (count, -1, width)), weights)
        outputs = ops.reshape(outputs, (count, -1, filters))
        return ops.transpose(outputs, (1, 0, 2))


def _largest(orbits, sizes, outputs, inputs) -> np.ndarray:
    """Of each orbit of output points and orbit of input points, the largest orbit of
    pairs: integers of shape `(orbits of outputs, orbits of inputs)`."""
    rest = np.empty((outputs.max() + 1, inputs.max() + 1), "int32")
    # Of several values for one place, the last stays: that of the largest.
    first = np.unique(orbits, return_index=True)[1]
    order = np.argsort(sizes, kind="stable")
    rows, columns = np.divmod(first[order], orbits.shape[1])
    rest[outputs[rows], inputs[columns]] = order
    return rest

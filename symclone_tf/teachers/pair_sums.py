"""Sums over pairs of positions that share weights, in the cheaper of two ways."""

import numpy as np
from keras import ops

from symclone_tf.types import Array, Tensor

# Gathering is faster than one large product if each output needs this many times fewer
# values than there are inputs.
GATHERING_FACTOR = 4


class PairSums:
    """`y[n,q,o] = Σ_{p,c} x[n,p,c] · ψ[orbit(q,p),c,o]`.

    In general, this is one product with the matrix of all weights. But if, for each
    output position and each orbit of input positions, almost all pairs are in one
    orbit, the *majority*, sums over orbits of input positions are multiplied with the
    majority's weight, and the inputs of the few other pairs with the difference of
    their weights from the majority's.

    Args:
        orbits: Integer array of shape `(positions_out, positions_in)`, the orbit of
            each pair.
        sizes: Integer array of shape `(orbits,)`, the number of pairs in each orbit.
        outputs: Integer array of shape `(positions_out,)`, orbits of output positions.
        inputs: Integer array of shape `(positions_in,)`, orbits of input positions.

    Attributes:
        gathers: Boolean, whether the second way is chosen.
        operations: Integer, multiplications for one input with one channel, and one
            filter.
    """

    def __init__(
        self, orbits: Array, sizes: Array, outputs: Array, inputs: Array
    ) -> None:
        self.orbits = orbits
        self._majority = _largest_orbits(orbits, sizes, outputs, inputs)
        others = orbits != self._majority[outputs[:, None], inputs]
        count, totals = int(others.sum(axis=1).max()), self._majority.shape[1]
        self.gathers = GATHERING_FACTOR * (count + totals) <= orbits.shape[1]
        columns = count + totals if self.gathers else orbits.shape[1]
        self.operations = len(orbits) * columns
        if self.gathers:
            self._set_indices(others, count, outputs, inputs)

    def _set_indices(
        self, others: Array, count: int, outputs: Array, inputs: Array
    ) -> None:
        """Sets what is gathered for each output position, and with which weights.

        Indices of inputs refer to the positions, followed by the totals of the orbits
        of positions. Indices of weights refer to the differences from the majority,
        followed by the kernel, followed by a zero.
        """
        positions_in, orbits_in = self.orbits.shape[1], self._majority.shape[1]
        zero = 2 * (self.orbits.max() + 1)
        weights = np.where(others, self.orbits, zero)
        positions = np.argsort(weights, axis=1, kind="stable")[:, :count]
        weights = np.take_along_axis(weights, positions, axis=1)
        majority = self._majority[outputs] + zero // 2
        totals = np.broadcast_to(positions_in + np.arange(orbits_in), majority.shape)
        self._input_indices = np.hstack([positions, totals]).astype("int32")
        self._weight_indices = np.hstack([weights, majority]).astype("int32")
        # The majority that each orbit of pairs is compared with.
        self._majority_of = np.zeros(zero // 2, "int32")
        self._majority_of[self.orbits] = self._majority[outputs[:, None], inputs]
        self._orbit_indicators = np.eye(orbits_in, dtype="float32")[:, inputs]

    def __call__(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        """Computes the sums.

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

    def _gathered(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        channels, filters = kernel.shape[-2:]
        differences = kernel - ops.take(kernel, self._majority_of, axis=0)
        table = ops.concatenate([differences, kernel, ops.zeros_like(kernel[:1])])
        totals = ops.matmul(ops.cast(self._orbit_indicators, inputs.dtype), inputs)
        values = ops.concatenate([inputs, totals], axis=1)
        count, columns = self._input_indices.shape
        values = ops.transpose(values, (1, 0, 2))
        gathered = ops.take(values, self._input_indices, axis=0)
        # (positions_out, batch, columns, channels)
        gathered = ops.transpose(gathered, (0, 2, 1, 3))
        width = columns * channels
        if np.all(self._weight_indices == self._weight_indices[0]):
            weights = ops.take(table, self._weight_indices[0], axis=0)
            weights = ops.reshape(weights, (width, filters))
            outputs = ops.matmul(ops.reshape(gathered, (-1, width)), weights)
        else:
            weights = ops.take(table, self._weight_indices, axis=0)
            weights = ops.reshape(weights, (count, width, filters))
            outputs = ops.matmul(ops.reshape(gathered, (count, -1, width)), weights)
        outputs = ops.reshape(outputs, (count, -1, filters))
        return ops.transpose(outputs, (1, 0, 2))


def _largest_orbits(
    orbits: Array, sizes: Array, outputs: Array, inputs: Array
) -> Array:
    """The largest orbit of pairs, for each orbit of output positions and each orbit of
    input positions: integers of shape `(orbits of outputs, orbits of inputs)`."""
    largest = np.empty((outputs.max() + 1, inputs.max() + 1), "int32")
    # Where an index repeats, the last assignment wins: that of the largest orbit.
    first = np.unique(orbits, return_index=True)[1]
    order = np.argsort(sizes, kind="stable")
    rows, columns = np.divmod(first[order], orbits.shape[1])
    largest[outputs[rows], inputs[columns]] = order
    return largest

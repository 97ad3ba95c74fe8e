"""Linear maps that are equivariant under a permutation group, as a Keras layer."""

from typing import Any

import keras
from keras import ops

from symclone_tf.layers.base_conv import Convolution, Initializer
from symclone_tf.symmetry import PermutationGroup
from symclone_tf.teachers.orbit_teacher import OrbitTeacher
from symclone_tf.types import Shape, Tensor


@keras.saving.register_keras_serializable(package="symclone_tf")
class OrbitDense(Convolution):
    """Dense layer over positions that is equivariant under a group, by construction.

    Pairs of an output and an input position in the same orbit of the group share a
    weight, see `OrbitTeacher`; output positions in the same orbit share a bias. These
    are all affine maps that are equivariant under the group: with `cyclic(n)` the
    circular convolutions, with `symmetric(n)` the layer of Deep Sets.

    Args:
        filters: Integer, the number of output channels.
        group: `PermutationGroup`, its action on input positions.
        group_out: `PermutationGroup`, the action of the same group on output
            positions, with as many generators in the same order; `None` if it is that
            on the inputs.
        activation: Activation function, or its name.
        use_bias: Boolean, whether to add a bias, one per filter and orbit of output
            positions.
        kernel_initializer: Initializer for the kernel; `None` for Glorot's uniform
            one, divided by the square root of the number of input positions that
            share a weight, so that all orbits of pairs contribute alike.
        {shared by all convolutions}

    Input shape:
        `(batch, positions_in, channels)`.

    Output shape:
        `(batch, positions_out, filters)`.

    Raises:
        ValueError: If the groups have different numbers of generators, or inputs
            another number of positions than the group permutes.
        TypeError: If a group is not a `PermutationGroup`.
        MemoryError: If there are too many positions.

    Example:

    >>> layer = OrbitDense(5, symmetric(10), activation="relu")
    >>> layer(keras.random.normal((2, 10, 3))).shape
    TensorShape([2, 10, 5])
    >>> layer.kernel.shape, layer.bias.shape
    (TensorShape([2, 3, 5]), TensorShape([1, 5]))

    Reference:

    - [Ravanbakhsh, Schneider & Poczos, 2017](https://arxiv.org/abs/1702.08389)
    - [Zaheer et al., 2017](https://arxiv.org/abs/1703.06114)
    """

    def __init__(
        self,
        filters: int,
        group: PermutationGroup,
        group_out: PermutationGroup | None = None,
        kernel_initializer: Initializer = None,
        **kwargs: Any,
    ):
        super().__init__(filters, kernel_initializer=kernel_initializer, **kwargs)
        self.teacher = OrbitTeacher(group, group_out)
        self.group, self.group_out = self.teacher.group, self.teacher.group_out

    def build(self, input_shape: Shape) -> None:
        self._check(input_shape)
        channels = input_shape[-1]
        self.input_spec = keras.layers.InputSpec(ndim=3, axes={-1: channels})
        kernel_shape = (*self.teacher.kernel_shape, channels, self.filters)
        orbits = int(self.group_out.orbits.max()) + 1
        self.add_kernel_and_bias(kernel_shape, self.teacher.entry_gain, (orbits,))

    def call(self, inputs: Tensor) -> Tensor:
        return self.biased_and_activated(self.teacher(inputs, self.kernel))

    def biases(self) -> Tensor:
        return ops.take(self.bias, self.group_out.orbits, axis=0)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self._check(input_shape)
        return (input_shape[0], self.teacher.positions_out, self.filters)

    def _check(self, input_shape):
        """Checks that inputs have as many positions as the group permutes."""
        if len(input_shape) != 3 or input_shape[1] != self.teacher.positions_in:
            raise ValueError(
                f"Layer {self.name!r} takes inputs of shape (batch, "
                f"{self.teacher.positions_in}, channels), on which {self.group.title} "
                f"acts. Received: inputs of shape {tuple(input_shape)}"
            )

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        same = self.group_out == self.group
        out = None if same else self.group_out.get_config()
        config.update(group=self.group.get_config(), group_out=out)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "OrbitDense":
        groups = {
            name: config[name] and PermutationGroup.from_config(config[name])
            for name in ("group", "group_out")
        }
        return cls(**{**config, **groups})

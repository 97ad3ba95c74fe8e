"""Linear maps that commute with a group of permutations, as a Keras layer."""

import keras
from keras import ops

from symclone_tf.layers.base_conv import Convolution
from symclone_tf.symmetry import PermutationGroup
from symclone_tf.teachers.orbit_teacher import OrbitTeacher


@keras.saving.register_keras_serializable(package="symclone_tf")
class OrbitDense(Convolution):
    """Dense layer over points that commutes with a group, by construction.

    Pairs of an output point and an input point that the group moves to each other
    share a weight, see `OrbitTeacher`; output points that it moves to each other
    share a bias. It computes every affine map that commutes with the group, and no
    other: with `cyclic(n)` a circular convolution, with `symmetric(n)` the layer of
    Deep Sets.

    Args:
        filters: Integer, the number of output channels.
        group: `PermutationGroup`, as it moves input points.
        group_out: `PermutationGroup`, the same group as it moves output points: as
            many generators, in the same order; `None` for the same points.
        activation: Activation function, or its name.
        use_bias: Boolean, whether to add a bias, one per filter and orbit of output
            points.
        kernel_initializer: Initializer for the kernel; `None` for Glorot's uniform
            one, divided by the root of how many input points a weight is for, so that
            all orbits of pairs have the same share in the outputs.
        {shared by all convolutions}

    Input shape:
        `(batch, positions_in, channels)`.

    Output shape:
        `(batch, positions_out, filters)`.

    Raises:
        ValueError: If the groups have different numbers of generators, or inputs
            other points than the group.
        TypeError: If a group is no `PermutationGroup`.
        MemoryError: If there are too many points.

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
        self, filters, group, group_out=None, kernel_initializer=None, **kwargs
    ):
        super().__init__(filters, kernel_initializer=kernel_initializer, **kwargs)
        self.teacher = OrbitTeacher(group, group_out)
        self.group, self.group_out = self.teacher.group, self.teacher.group_out

    def build(self, input_shape):
        self._check(input_shape)
        channels = input_shape[-1]
        self.input_spec = keras.layers.InputSpec(ndim=3, axes={-1: channels})
        kernel_shape = (*self.teacher.kernel_shape, channels, self.filters)
        orbits = int(self.group_out.orbits.max()) + 1
        self.add_kernel_and_bias(kernel_shape, self.teacher.entry_gain, (orbits,))

    def call(self, inputs):
        return self.biased_and_activated(self.teacher(inputs, self.kernel))

    def biases(self):
        return ops.take(self.bias, self.group_out.orbits, axis=0)

    def compute_output_shape(self, input_shape):
        self._check(input_shape)
        return (input_shape[0], self.teacher.positions_out, self.filters)

    def _check(self, input_shape):
        """Refuses inputs of other points than the group's."""
        if len(input_shape) != 3 or input_shape[1] != self.teacher.positions_in:
            raise ValueError(
                f"Layer {self.name!r} takes inputs of shape (batch, "
                f"{self.teacher.positions_in}, channels), which {self.group.title} "
                f"moves. Received: inputs of shape {tuple(input_shape)}"
            )

    def get_config(self):
        config = super().get_config()
        same = self.group_out == self.group
        out = None if same else self.group_out.get_config()
        config.update(group=self.group.get_config(), group_out=out)
        return config

    @classmethod
    def from_config(cls, config):
        groups = {
            name: config[name] and PermutationGroup.from_config(config[name])
            for name in ("group", "group_out")
        }
        return cls(**{**config, **groups})

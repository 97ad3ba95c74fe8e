"""Group convolution whose kernels are not tied to each other, as a Keras layer."""

import functools
from typing import Any

import keras
import numpy as np
from keras import ops

from symclone_tf.checks import one_of, positive_pair
from symclone_tf.layers.anchors import PENALTIES, penalty, strength_of
from symclone_tf.layers.base_conv import balanced_glorot
from symclone_tf.layers.decoupled_anchors import (
    DECOUPLED,
    ProjectedAnchor,
    training_optimizer,
)
from symclone_tf.layers.group_conv2d import GroupConv2D, PlaneGroupConvolution
from symclone_tf.layers.random_transformations import RandomTransformations
from symclone_tf.symmetry import PointGroup
from symclone_tf.teachers.conv_teacher import ConvTeacher
from symclone_tf.teachers.group_convolution import (
    convolve_with_copies,
    equivariant_part,
    mean_gain,
    transformed_kernels,
)
from symclone_tf.types import Pair, Shape, Tensor

UNTIED = ("trainable", "anchored")


@keras.saving.register_keras_serializable(package="symclone_tf")
class UntiedGroupConv2D(PlaneGroupConvolution):
    """Group convolution with a kernel of its own for each element of the group.

    It begins as the `GroupConv2D` of the same initializer, which transforms one kernel
    by all elements. Here these |G| kernels are weights: training may change each for
    itself, by which the layer breaks its symmetry, and remains a convolution. It takes
    the time of a `GroupConv2D`, and |G| times its weights.

    As the last convolution of a network of `GroupConv2D` it is the simplest way to
    break rotations and reflections where the data does; `ClonedConv2D` breaks
    translations too, and imitates any teacher.

    Args:
        filters: Integer, the number of output channels.
        kernel_size: Integer or pair of integers, as of `GroupConv2D`.
        group: String, `"flip"`, `"cN"` or `"dN"`, as `"c4"` and `"d8"`, or a
            `PointGroup` of several elements; see `sc.get_group`.
        padding: String, `"valid"` or `"same"`, the latter with odd kernels only.
        strides: Integer or pair of integers, as of `GroupConv2D`.
        dilation_rate: Integer or pair of integers, likewise.
        symmetry: String, `"trainable"`, or `"anchored"` for kernels that are
            regularised towards equivariance.
        anchor: String, how they are, as of `ClonedConv2D`. Weights w are drawn towards
            w₀, their orthogonal projection on equivariant kernels, or inputs are
            transformed.
        anchor_strength: Float, as of `ClonedConv2D`.
        seed: Integer, the seed of `"transformed-inputs"`; `None` for a random one.
        lifting: Boolean, as of `GroupConv2D`.
        activation: Activation function, or its name.
        use_bias: Boolean, whether to add a bias, one per filter and the same
            for all group elements.
        kernel_initializer: Initializer for one kernel, that of `GroupConv2D`.
        {shared by all convolutions}

    Input shape:
        Images, `(batch, height, width, channels)`, or feature maps on the
        group, `(batch, height, width, |G|, channels)`; square unless the group
        does not exchange height and width. `"transformed-inputs"` needs a known size.

    Output shape:
        `(batch, new_height, new_width, |G|, filters)`.

    Raises:
        ValueError: If an argument is not accepted, the group does not act on such
            inputs, or `lifting` needs others.

    Example:

    >>> x = keras.random.normal((2, 12, 12, 1))
    >>> layer = UntiedGroupConv2D(10, 3, "c4", symmetry="anchored")
    >>> layer(x).shape
    TensorShape([2, 10, 10, 4, 10])
    >>> layer.kernel.shape, layer.broken_share() < 1e-6
    (TensorShape([4, 3, 3, 1, 10]), True)

    Reference:

    - [Berndt & Stühmer, 2026](https://arxiv.org/abs/2601.05028), for the projection
    - [Yarotsky, 2018](https://arxiv.org/abs/1804.10306), for transformed inputs
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Pair,
        group: str | PointGroup,
        padding: str = "valid",
        strides: Pair = 1,
        dilation_rate: Pair = 1,
        symmetry: str = "trainable",
        anchor: str = "transformed-inputs",
        anchor_strength: float | None = None,
        seed: int | None = None,
        lifting: bool | None = None,
        **kwargs: Any,
    ):
        super().__init__(
            filters,
            kernel_size,
            group,
            padding,
            strides,
            dilation_rate,
            lifting,
            **kwargs,
        )
        if self.group.is_trivial:
            raise ValueError(
                "`group` must have reflections or rotations: without any there are no "
                f"kernels to untie. Received: group={self.group.name}"
            )
        one_of("symmetry", symmetry, UNTIED)
        self.symmetry = symmetry
        self.anchor = anchor
        self.anchor_strength = strength_of(anchor, anchor_strength)
        self.seed = seed
        self.random_transformations: RandomTransformations | None = None
        if self._is_anchored_by("transformed-inputs"):
            self.seed_generator = keras.random.SeedGenerator(seed)
        if self._is_anchored_by(*DECOUPLED) and self.kernel_constraint is not None:
            raise ValueError(
                f"anchor={self.anchor!r} is a constraint of the kernel, which can have "
                "one only: leave `kernel_constraint` out. "
                f"Received: kernel_constraint={self.kernel_constraint}"
            )

    def _is_anchored_by(self, *anchors):
        return self.symmetry == "anchored" and self.anchor in anchors

    @classmethod
    def from_conv(
        cls, layer: GroupConv2D, image_size: Pair | None = None, **options: Any
    ) -> "UntiedGroupConv2D":
        """Makes a layer that computes what a group convolution does.

        Args:
            layer: `GroupConv2D`, built.
            image_size: Integer or pair of integers, height and width of its inputs in
                pixels; `None` for any, which `"transformed-inputs"` does not take.
            **options: Further arguments of the layer, such as `symmetry`.

        Returns:
            `UntiedGroupConv2D`, built, with the same outputs.

        Raises:
            ValueError: If it is no `GroupConv2D`, or not built.
        """
        if not isinstance(layer, GroupConv2D) or not layer.built:
            raise ValueError(
                "The layer must be a built GroupConv2D. "
                f"Received: layer {layer.name!r}, a {type(layer).__name__}"
            )
        sizes: Shape = (None, None)
        if image_size is not None:
            sizes = positive_pair("image_size", image_size)
        untied = cls(**{**layer.get_config(), "group": layer.group, **options})
        untied.build((None, *sizes, *layer.kernel.shape[2:-1]))
        copies = transformed_kernels(layer.kernel, layer.group)
        untied.kernel.assign(ops.reshape(copies, untied.kernel.shape))
        if untied.use_bias and layer.use_bias:
            untied.bias.assign(layer.bias)
        return untied

    def build(self, input_shape: Shape) -> None:
        tied = self._kernel_shape(input_shape)
        self._add_weights(tied)
        if self._is_anchored_by(*DECOUPLED):
            projection = functools.partial(
                _projected, group=self.group, kernel_size=self.kernel_size
            )
            self.kernel.constraint = ProjectedAnchor(
                self.anchor, self.anchor_strength, projection
            )
        if self._is_anchored_by("transformed-inputs"):
            self._transform(input_shape)

    def _add_weights(self, tied):
        """Adds a kernel for each element, which begin as copies of one.

        Args:
            tied: Tuple, the shape of the one kernel.
        """
        given = self.kernel_initializer
        initialize = given or balanced_glorot(mean_gain(self.group, self.kernel_size))

        def copies(shape, dtype=None):
            kernel = ops.convert_to_tensor(initialize(tied, dtype=dtype))
            return ops.reshape(transformed_kernels(kernel, self.group), shape)

        self.kernel_initializer = copies
        self.add_kernel_and_bias((self.group.order, *tied))
        self.kernel_initializer = given

    def _transform(self, input_shape):
        """Finds the transformations of a share of the inputs."""
        sizes = input_shape[1:3]
        if None in sizes:
            raise ValueError(
                'anchor="transformed-inputs" needs inputs of a known size. '
                f"Received: inputs of shape {tuple(input_shape)}"
            )
        teacher = ConvTeacher(
            self.group,
            tuple(sizes),
            self.kernel_size,
            len(input_shape) == 4,
            self.padding,
            self.strides,
            self.dilation_rate,
        )
        self.random_transformations = RandomTransformations(
            teacher, self.anchor_strength, self.seed_generator
        )

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        if self._is_anchored_by(*DECOUPLED):
            self.hold(training_optimizer())
        if self._is_anchored_by(*PENALTIES):
            self.add_loss(self.anchor_strength * self.anchor_penalty())
        if training and self.random_transformations:
            random = self.random_transformations
            elements = random.draw(ops.shape(inputs)[0])
            transformed = random.transform_inputs(inputs, elements)
            outputs = random.invert_outputs(self._convolved(transformed), elements)
        else:
            outputs = self._convolved(inputs)
        return self.biased_and_activated(outputs)

    def _convolved(self, inputs):
        copies = ops.reshape(self.kernel, _flat(self.kernel))
        return convolve_with_copies(inputs, copies, self.geometry, channel_groups=1)

    def hold(self, optimizer: Any) -> None:
        """Sets the optimizer whose learning rate decoupled anchors follow.

        Only custom training loops need it: in `fit` it is that of the compiled model.

        Args:
            optimizer: Keras optimizer that trains the layer.
        """
        if isinstance(self.kernel.constraint, ProjectedAnchor):
            self.kernel.constraint.hold(optimizer)

    def anchor_penalty(self) -> Tensor:
        """The distance of the kernels from equivariant ones, before the strength.

        Returns:
            Scalar tensor, 0 for anchors that add nothing to the loss.
        """
        kernel = ops.convert_to_tensor(self.kernel)
        projected = _projected(kernel, self.group, self.kernel_size)
        return penalty(self.anchor, kernel, ops.stop_gradient(projected))

    def broken_share(self) -> float:
        """How much of the kernels is not equivariant: ‖w − w₀‖ / ‖w‖.

        Returns:
            Float, from 0 to 1.
        """
        kernel = ops.convert_to_tensor(self.kernel)
        projected = _projected(kernel, self.group, self.kernel_size)
        kernel, projected = map(ops.convert_to_numpy, (kernel, projected))
        return float(
            np.linalg.norm(kernel - projected) / (np.linalg.norm(kernel) or 1.0)
        )

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.update(
            symmetry=self.symmetry,
            anchor=self.anchor,
            anchor_strength=self.anchor_strength,
            seed=self.seed,
        )
        return config


def _flat(kernel):
    """The shape that `transformed_kernels` has."""
    return (kernel.shape[0], -1, *kernel.shape[-2:])


def _projected(kernel, group, kernel_size):
    """What is equivariant of kernels, one for each element."""
    copies = ops.reshape(kernel, _flat(kernel))
    return ops.reshape(equivariant_part(copies, group, kernel_size), kernel.shape)

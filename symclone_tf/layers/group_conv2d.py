"""Group convolution as a Keras layer."""

from typing import Any

import keras

from symclone_tf.checks import one_of, one_or_two, positive_pair
from symclone_tf.layers.base_conv import Convolution
from symclone_tf.symmetry import PointGroup, get_group
from symclone_tf.teachers.conv_geometry import ConvGeometry
from symclone_tf.teachers.group_convolution import (
    group_conv2d,
    is_lifting,
    mean_gain,
)
from symclone_tf.types import Pair, Shape, Tensor


class PlaneGroupConvolution(Convolution):
    """Base of convolution layers of images, and of feature maps on a group.

    Args:
        filters: Integer, the number of output channels.
        kernel_size: Integer or pair of integers, see `GroupConv2D`.
        group: String or `PointGroup`.
        padding: String, `"valid"` or `"same"`.
        strides: Integer or pair of integers.
        dilation_rate: Integer or pair of integers.
        lifting: Boolean, or `None` for what the rank of the inputs says.
        **kwargs: Of `Convolution`.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Pair,
        group: str | PointGroup,
        padding: str = "valid",
        strides: Pair = 1,
        dilation_rate: Pair = 1,
        lifting: bool | None = None,
        **kwargs: Any,
    ):
        super().__init__(filters, **kwargs)
        self.group = get_group(group)
        self.geometry = ConvGeometry(
            self.group,
            positive_pair("kernel_size", kernel_size),
            padding,
            positive_pair("strides", strides),
            positive_pair("dilation_rate", dilation_rate),
        )
        self.kernel_size = self.geometry.kernel_size
        self.padding = self.geometry.padding
        self.strides = self.geometry.strides
        self.dilation_rate = self.geometry.dilation_rate
        one_of("lifting", lifting, (None, True, False))
        self.lifting = lifting
        if lifting is not None:
            # With T(2) both are the same convolution, as of `ConvTeacher`.
            self.lifting = bool(lifting) or self.group.is_trivial

    def _kernel_shape(self, input_shape: Shape) -> Shape:
        """The shape of one kernel for such inputs, which are checked."""
        lifting = is_lifting(input_shape, self.group, self.lifting)
        self._check_grid(input_shape)
        on_group = () if lifting else self.group.representation_shape
        channels = input_shape[-1]
        self.input_spec = keras.layers.InputSpec(
            ndim=len(input_shape), axes={-1: channels}
        )
        return (*self.kernel_size, *on_group, channels, self.filters)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        is_lifting(input_shape, self.group, self.lifting)
        self._check_grid(input_shape)
        grid = self.geometry.outputs(input_shape[1:3])
        return (input_shape[0], *grid, *self.group.representation_shape, self.filters)

    def _check_grid(self, input_shape):
        """Checks inputs of known size."""
        if None not in input_shape[1:3]:
            self.geometry.check_grid(input_shape[1:3])

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.update(
            kernel_size=one_or_two(self.kernel_size),
            group=self.group.name,
            padding=self.padding,
            strides=one_or_two(self.strides),
            dilation_rate=one_or_two(self.dilation_rate),
            lifting=self.lifting,
        )
        return config


@keras.saving.register_keras_serializable(package="symclone_tf")
class GroupConv2D(PlaneGroupConvolution):
    """Convolution layer that is equivariant under a group, by construction.

    Rotating the input rotates every output feature map, and permutes the axis of the
    regular representation. Inputs of rank 4 are images, to which the layer applies a
    lifting convolution; inputs of rank 5 are feature maps on the group. With
    `group="t2"` it is `keras.layers.Conv2D`.

    The axis of the representation stands before the channels: `CentredMaxPooling2D`
    pools over space, and `keras.layers.GlobalAveragePooling3D` averages over space and
    the group, which is invariant.

    Args:
        filters: Integer, the number of output channels.
        kernel_size: Integer or pair of integers, height and width of the kernel,
            which may differ for groups that do not exchange them, as `"t2"`, `"flip"`,
            `"c2"` and `"d2"`.
        group: String, `"t2"`, `"flip"`, `"cN"` or `"dN"`, as `"c4"` and `"d8"`, or a
            `PointGroup`; see `sc.get_group`.
        padding: String, `"valid"` or `"same"`, the latter with odd kernels
            only, unless the group is `"t2"`.
        strides: Integer or pair of integers, in pixels, which may differ as sizes of
            kernels may. For groups other than `"t2"`, rotations must map the grid of
            output positions onto itself.
        dilation_rate: Integer or pair of integers, in pixels, which may differ
            likewise.
        lifting: Boolean, as of `ConvTeacher`, whether inputs are images rather than
            feature maps on the group: others are refused. `None` for what the rank of
            the inputs says. Ignored with `"t2"`.
        activation: Activation function, or its name.
        use_bias: Boolean, whether to add a bias, one per filter and the same
            for all group elements.
        kernel_initializer: Initializer for the kernel.
        {shared by all convolutions}

    Input shape:
        Images, `(batch, height, width, channels)`, or feature maps on the
        group, `(batch, height, width, |G|, channels)`; square unless the group
        does not exchange height and width.

    Output shape:
        `(batch, new_height, new_width, |G|, filters)`, without the axis of the
        representation for `"t2"`.

    Raises:
        ValueError: If an argument is not accepted, the group does not act on such
            inputs, or `lifting` needs others.

    Example:

    >>> x = keras.random.normal((2, 28, 28, 1))
    >>> y = GroupConv2D(10, 3, "c4", activation="relu")(x)
    >>> y = GroupConv2D(10, 3, "c4", activation="relu")(y)
    >>> y.shape
    TensorShape([2, 24, 24, 4, 10])

    Reference:

    - [Cohen & Welling, 2016](https://arxiv.org/abs/1602.07576)
    """

    def build(self, input_shape: Shape) -> None:
        # Projected on a steerable basis, kernels have smaller outputs.
        gain = mean_gain(self.group, self.kernel_size)
        self.add_kernel_and_bias(self._kernel_shape(input_shape), gain)

    def call(self, inputs: Tensor) -> Tensor:
        outputs = group_conv2d(
            inputs,
            self.kernel,
            self.group,
            self.padding,
            self.strides,
            self.dilation_rate,
        )
        return self.biased_and_activated(outputs)

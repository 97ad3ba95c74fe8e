"""Group convolution of volumes as a Keras layer."""

from typing import Any

import keras

from symclone_tf.checks import one_of
from symclone_tf.layers.base_conv import Convolution
from symclone_tf.symmetry import VolumeGroup, get_volume_group
from symclone_tf.teachers import group_conv3d
from symclone_tf.teachers.volume_conv_teacher import one_or_all
from symclone_tf.teachers.volume_geometry import VolumeGeometry
from symclone_tf.types import Shape, Sizes, Tensor


@keras.saving.register_keras_serializable(package="symclone_tf")
class GroupConv3D(Convolution):
    """Convolution layer of volumes that is equivariant under a group, by construction.

    Rotating the input rotates every output feature map, and permutes the axis of the
    regular representation. Inputs of rank 5 are volumes, to which the layer applies a
    lifting convolution; inputs of rank 6 are feature maps on the group. Under
    translations alone there is `keras.layers.Conv3D`.

    The axis of the representation stands before the channels: `GroupPooling` averages
    over the group, which leaves volumes for Keras' poolings.

    Args:
        filters: Integer, the number of output channels.
        kernel_size: Integer or triple of integers, depth, height and width of the
            kernel, which may differ along axes that the group does not exchange.
        group: String, `"flip3d"`, `"d2h"`, `"o"` or `"oh"`, or a `VolumeGroup`.
        padding: String, `"valid"` or `"same"`, the latter with kernels that are odd
            along axes that the group reverses.
        strides: Integer or triple of integers, in voxels. The group must map the grid
            of output positions onto itself.
        dilation_rate: Integer or triple of integers, in voxels.
        lifting: Boolean, as of `VolumeConvTeacher`, whether inputs are volumes rather
            than feature maps on the group: others are refused. `None` for what the rank
            of the inputs says.
        activation: Activation function, or its name.
        use_bias: Boolean, whether to add a bias, one per filter and the same
            for all group elements.
        kernel_initializer: Initializer for the kernel.
        {shared by all convolutions}

    Input shape:
        Volumes, `(batch, depth, height, width, channels)`, or feature maps on the
        group, `(batch, depth, height, width, |G|, channels)`; equally long along axes
        that the group exchanges.

    Output shape:
        `(batch, new_depth, new_height, new_width, |G|, filters)`.

    Raises:
        ValueError: If an argument is not accepted, or the group does not act on such
            inputs, or `lifting` needs others. The message names the nearest sizes that
            work.

    Example:

    >>> x = keras.random.normal((2, 8, 8, 8, 1))
    >>> y = GroupConv3D(4, 3, "o", activation="relu")(x)
    >>> y = GroupConv3D(4, 3, "o", activation="relu")(y)
    >>> y.shape
    TensorShape([2, 4, 4, 4, 24, 4])

    Reference:

    - [Winkels & Cohen, 2018](https://arxiv.org/abs/1804.04656)
    - [Worrall & Brostow, 2018](https://arxiv.org/abs/1804.04458)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Sizes,
        group: str | VolumeGroup,
        padding: str = "valid",
        strides: Sizes = 1,
        dilation_rate: Sizes = 1,
        lifting: bool | None = None,
        **kwargs: Any,
    ):
        super().__init__(filters, **kwargs)
        self.group = get_volume_group(group)
        options = padding, strides, dilation_rate
        self.geometry = VolumeGeometry(self.group, kernel_size, *options)
        self.kernel_size = self.geometry.kernel_size
        self.padding = self.geometry.padding
        self.strides = self.geometry.strides
        self.dilation_rate = self.geometry.dilation_rate
        one_of("lifting", lifting, (None, True, False))
        self.lifting = None if lifting is None else bool(lifting)

    def build(self, input_shape: Shape) -> None:
        self.compute_output_shape(input_shape)
        in_channels = input_shape[-1]
        self.input_spec = keras.layers.InputSpec(
            ndim=len(input_shape), axes={-1: in_channels}
        )
        on_group = self.group.representation_shape if len(input_shape) == 6 else ()
        shape = (*self.kernel_size, *on_group, in_channels, self.filters)
        self.add_kernel_and_bias(shape)

    def call(self, inputs: Tensor) -> Tensor:
        options = self.padding, self.strides, self.dilation_rate
        outputs = group_conv3d(inputs, self.kernel, self.group, *options)
        return self.biased_and_activated(outputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self.group.check_inputs(input_shape, self.lifting)
        grid = self.geometry.outputs(input_shape[1:4])
        return (input_shape[0], *grid, self.group.order, self.filters)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.update(
            kernel_size=one_or_all(self.kernel_size),
            group=self.group.name,
            padding=self.padding,
            strides=one_or_all(self.strides),
            dilation_rate=one_or_all(self.dilation_rate),
            lifting=self.lifting,
        )
        return config

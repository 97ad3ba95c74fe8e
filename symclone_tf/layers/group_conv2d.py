"""Group convolution as a Keras layer."""

import keras

from symclone_tf.checks import one_or_two
from symclone_tf.layers.base_conv import Convolution
from symclone_tf.symmetry import get_group
from symclone_tf.teachers.conv_geometry import ConvGeometry
from symclone_tf.teachers.group_convolution import group_conv2d, is_lifting


@keras.saving.register_keras_serializable(package="symclone_tf")
class GroupConv2D(Convolution):
    """Convolution layer that is equivariant under a group, by construction.

    Turning the input turns every output map and shifts the group axis. The
    layer tells lifting from group convolution by the rank of its input. With
    `group="t2"` it is `keras.layers.Conv2D`.

    The group axis stands before the channels: `keras.layers.MaxPooling3D((2,
    2, 1))` pools space, and `keras.layers.GlobalAveragePooling3D` projects on
    invariants.

    Args:
        filters: Integer, the number of output channels.
        kernel_size: Integer or pair of integers, height and width of the kernel,
            which only `"t2"` takes unequal.
        group: String, one of `"t2"`, `"c2"`, `"c4"`, `"d4"`.
        padding: String, `"valid"` or `"same"`, the latter with odd kernels
            only, unless the group is `"t2"`.
        strides: Integer or pair of integers, the steps of the windows in pixels.
            Other groups than `"t2"` take equal ones, and those whose grid of
            windows turning maps onto itself.
        dilation_rate: Integer or pair of integers, the steps within a window,
            likewise.
        activation: Activation function, or its name.
        use_bias: Boolean, whether to add a bias, one per filter and the same
            for all group elements.
        kernel_initializer: Initializer for the kernel.
        {shared by all convolutions}

    Input shape:
        Images, `(batch, height, width, channels)`, or feature maps on the
        group, `(batch, height, width, |G|, channels)`; square unless the group
        is `"t2"`.

    Output shape:
        `(batch, new_height, new_width, |G|, filters)`, without the group axis
        for `"t2"`.

    Example:

    >>> x = keras.random.normal((2, 28, 28, 1))
    >>> y = GroupConv2D(10, 3, "c4", activation="relu")(x)
    >>> y = GroupConv2D(10, 3, "c4", activation="relu")(y)
    >>> y.shape
    TensorShape([2, 24, 24, 4, 10])

    Reference:

    - [Cohen & Welling, 2016](https://arxiv.org/abs/1602.07576)
    """

    def __init__(
        self,
        filters,
        kernel_size,
        group,
        padding="valid",
        strides=1,
        dilation_rate=1,
        **kwargs,
    ):
        super().__init__(filters, **kwargs)
        self.group = get_group(group)
        self.windows = ConvGeometry(
            self.group, kernel_size, padding, strides, dilation_rate
        )
        self.kernel_size = self.windows.kernel_size
        self.padding = self.windows.padding
        self.strides = self.windows.strides
        self.dilation_rate = self.windows.dilation_rate

    def build(self, input_shape):
        lifting = is_lifting(input_shape, self.group)
        self._check_turns(input_shape)
        on_group = () if lifting else self.group.representation_shape
        in_channels = input_shape[-1]
        self.input_spec = keras.layers.InputSpec(
            ndim=len(input_shape), axes={-1: in_channels}
        )
        size = self.windows.kernel_size
        self.add_kernel_and_bias((*size, *on_group, in_channels, self.filters))

    def call(self, inputs):
        outputs = group_conv2d(
            inputs,
            self.kernel,
            self.group,
            self.padding,
            self.strides,
            self.dilation_rate,
        )
        return self.biased_and_activated(outputs)

    def compute_output_shape(self, input_shape):
        is_lifting(input_shape, self.group)
        self._check_turns(input_shape)
        grid = self.windows.outputs(input_shape[1:3])
        return (input_shape[0], *grid, *self.group.representation_shape, self.filters)

    def _check_turns(self, input_shape):
        if None not in input_shape[1:3]:
            self.windows.check_grid(input_shape[1:3])

    def get_config(self):
        config = super().get_config()
        config.update(
            kernel_size=one_or_two(self.kernel_size),
            group=self.group.name,
            padding=self.padding,
            strides=one_or_two(self.strides),
            dilation_rate=one_or_two(self.dilation_rate),
        )
        return config

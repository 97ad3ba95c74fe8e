"""Convolutions that are equivariant by construction, as function and as layer."""

import keras
from keras import ops

from symclone_tf.symmetry import PointGroup, get_group
from symclone_tf.teachers.convolution import Convolution
from symclone_tf.teachers.geometry import check_kernel, check_turns, output_size


def is_lifting(shape, group: PointGroup) -> bool:
    """Whether inputs of this shape are images rather than feature maps.

    Raises:
        ValueError: If the shape is neither.
    """
    images = "(batch, height, width, channels)"
    features = f"(batch, height, width, {group.order}, channels)"
    is_image = len(shape) == 4
    is_feature = len(shape) == 5 and shape[3] == group.order and not group.is_trivial
    if not is_image and not is_feature:
        accepted = images if group.is_trivial else f"{images} or {features}"
        raise ValueError(
            f"A convolution on {group.title} takes inputs of shape {accepted}. "
            f"Received: inputs of shape {tuple(shape)}"
        )
    if not group.is_trivial and shape[1] != shape[2]:
        raise ValueError(
            f"A convolution on {group.title} takes square inputs: turning others "
            f"changes their shape. Received: inputs of shape {tuple(shape)}"
        )
    return is_image


def group_conv2d(inputs, kernel, group, padding="valid", strides=1, dilation_rate=1):
    """Cross-correlates inputs with every transformed copy of a kernel.

    Images are lifted to the group, `y[n,u,h,o] = Σ x[n,u+v,c] · (h·ψ)[v,c,o]`;
    feature maps on the group are convolved over it,
    `y[n,u,h,o] = Σ x[n,u+v,g,c] · (h·ψ)[v,g,c,o]` with
    `(h·ψ)[v,g] = ψ[h⁻¹v, h⁻¹g]`. All copies go through one convolution.

    Args:
        inputs: Tensor of shape `(batch, height, width, in_channels)` to lift,
            or `(batch, height, width, |G|, in_channels)`.
        kernel: Tensor of shape `(k, k, in_channels, filters)` to lift, else
            `(k, k, |G|, in_channels, filters)`.
        group: String or `PointGroup`.
        padding: String, `"valid"` or `"same"`.
        strides: Integer, the steps of the windows in pixels. Other groups than
            T(2) take those whose grid of windows turning maps onto itself.
        dilation_rate: Integer, the steps within a window.

    Returns:
        Tensor of shape `(batch, new_height, new_width, |G|, filters)`, without
        the group axis if the group is trivial, as T(2)'s point group is.

    Raises:
        ValueError: If shapes and group do not go together.

    Example:

    >>> images = keras.random.normal((2, 28, 28, 1))
    >>> kernel = keras.random.normal((3, 3, 1, 10))
    >>> group_conv2d(images, kernel, "c4").shape
    TensorShape([2, 26, 26, 4, 10])

    Reference:

    - [Cohen & Welling, 2016](https://arxiv.org/abs/1602.07576), section 6
    """
    group = get_group(group)
    lifting = is_lifting(inputs.shape, group)
    if len(kernel.shape) != (4 if lifting else 5):
        raise ValueError(
            f"Inputs of shape {tuple(inputs.shape)} need a kernel of shape (k, k, "
            f"{'' if lifting else f'{group.order}, '}in_channels, filters). "
            f"Received: kernel of shape {tuple(kernel.shape)}"
        )
    size = kernel.shape[0]
    check_kernel(group, size, padding, strides, dilation_rate)
    if inputs.shape[1] is not None:
        check_turns(group, inputs.shape[1], size, padding, strides, dilation_rate)
    in_channels, filters = kernel.shape[-2:]

    entries = ops.reshape(kernel, (-1, in_channels, filters))
    copies = ops.take(entries, group.kernel_permutations(size, lifting), axis=0)
    # (|G|, k²·|G_in|, in_channels, filters): the copies become filters.
    copies = ops.transpose(copies, (1, 2, 0, 3))
    bank = ops.reshape(copies, (size, size, -1, group.order * filters))

    height, width = ops.shape(inputs)[1:3]
    stacked = ops.reshape(inputs, (-1, height, width, bank.shape[2]))
    outputs = ops.conv(
        stacked,
        bank,
        strides=strides,
        padding=padding,
        data_format="channels_last",
        dilation_rate=dilation_rate,
    )
    height, width = ops.shape(outputs)[1:3]
    return ops.reshape(outputs, (-1, height, width, *group.axis_shape, filters))


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
        kernel_size: Integer, or a pair of equal integers, height and width of
            the kernel.
        group: String, one of `"t2"`, `"c2"`, `"c4"`, `"d4"`.
        padding: String, `"valid"` or `"same"`, the latter with odd kernels
            only, unless the group is `"t2"`.
        strides: Integer, or a pair of equal integers, the steps of the windows
            in pixels. Other groups than `"t2"` take those whose grid of
            windows turning maps onto itself.
        dilation_rate: Integer, or a pair of equal integers, the steps within a
            window.
        activation: Activation function, or its name.
        use_bias: Boolean, whether to add a bias, one per filter and the same
            for all group elements.
        kernel_initializer: Initializer for the kernel.
        bias_initializer: Initializer for the bias.
        kernel_regularizer: Regularizer for the kernel.
        bias_regularizer: Regularizer for the bias.
        activity_regularizer: Regularizer for the output.
        kernel_constraint: Constraint for the kernel.
        bias_constraint: Constraint for the bias.
        **kwargs: `name`, `trainable`, `dtype`.

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
        self.kernel_size = _one(kernel_size)
        self.padding = padding
        self.strides = _one(strides)
        self.dilation_rate = _one(dilation_rate)
        check_kernel(self.group, *self._window)

    @property
    def _window(self):
        return (self.kernel_size, self.padding, self.strides, self.dilation_rate)

    def build(self, input_shape):
        lifting = is_lifting(input_shape, self.group)
        self._check_turns(input_shape)
        on_group = () if lifting else self.group.axis_shape
        in_channels = input_shape[-1]
        self.input_spec = keras.layers.InputSpec(
            ndim=len(input_shape), axes={-1: in_channels}
        )
        size = self.kernel_size
        self.add_kernel_and_bias((size, size, *on_group, in_channels, self.filters))

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
        height, width = (
            None if n is None else output_size(n, *self._window)
            for n in input_shape[1:3]
        )
        return (input_shape[0], height, width, *self.group.axis_shape, self.filters)

    def _check_turns(self, input_shape):
        if input_shape[1] is not None:
            check_turns(self.group, input_shape[1], *self._window)

    def get_config(self):
        config = super().get_config()
        config.update(
            kernel_size=self.kernel_size,
            group=self.group.name,
            padding=self.padding,
            strides=self.strides,
            dilation_rate=self.dilation_rate,
        )
        return config


def _one(size):
    """The size of both axes, if they are equal."""
    if isinstance(size, (tuple, list)) and len(set(size)) == 1:
        return size[0]
    return size

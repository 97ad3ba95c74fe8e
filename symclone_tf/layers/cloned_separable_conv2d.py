"""Depthwise separable convolutions, whose depthwise part is a cloned student."""

from typing import Any

import keras
from keras import ops

from symclone_tf.layers.cloned_conv2d import ClonedConv2D
from symclone_tf.layers.conversion import check_imitates
from symclone_tf.layers.kernel_layouts import SEPARABLE, depthwise_kernel
from symclone_tf.layers.student_layer import Deviation
from symclone_tf.students import Student
from symclone_tf.types import Shape, Tensor


@keras.saving.register_keras_serializable(package="symclone_tf")
class ClonedSeparableConv2D(keras.layers.Layer):
    """Depthwise separable convolution, whose depthwise part is a cloned student.

    A drop-in replacement for `keras.layers.SeparableConv2D`: a depthwise convolution
    without bias or activation, whose weights the student unties, then a 1×1
    convolution, which has no weights to untie, and the bias and the activation. The
    student and how training treats it are those of the depthwise part.

    Args:
        depthwise: `ClonedConv2D`, with a group for each channel of the inputs, without
            bias and activation.
        pointwise: `keras.layers.Conv2D` with 1×1 kernels and the same `data_format`.
        **kwargs: `name`, `trainable`; `dtype` is that of the parts.

    Input shape:
        `(batch, height, width, channels)`, of the size that the student was cloned
        for; with `"channels_first"` the channels follow the batch.

    Output shape:
        `(batch, new_height, new_width, filters)`, likewise.

    Raises:
        ValueError: If a part is not such a layer, or has another `dtype`.

    Example:

    >>> separable = keras.layers.SeparableConv2D(5, 3, padding="same", name="middle")
    >>> separable.build((None, 8, 8, 2))
    >>> teacher = ConvTeacher("t2", image_size=8, padding="same")
    >>> student, _ = clone(teacher, student="local", solver="closed-form", verbose=0)
    >>> layer = ClonedSeparableConv2D.from_conv(separable, student)
    >>> images = keras.random.normal((4, 8, 8, 2))
    >>> bool(np.allclose(layer(images), separable(images), atol=1e-4))
    True
    >>> [type(part).__name__ for part in (layer.depthwise, layer.pointwise)]
    ['ClonedConv2D', 'Conv2D']

    Reference:

    - [Chollet, 2017](https://arxiv.org/abs/1610.02357)
    """

    def __init__(
        self,
        depthwise: ClonedConv2D,
        pointwise: keras.layers.Conv2D,
        **kwargs: Any,
    ):
        _check_depthwise(depthwise)
        _check_pointwise(pointwise, depthwise)
        super().__init__(**{"dtype": depthwise.dtype_policy, **kwargs})
        if self.dtype_policy.name != depthwise.dtype_policy.name:
            raise ValueError(
                f"`dtype` must be {depthwise.dtype_policy.name}, as of the parts. "
                f"Received: dtype={self.dtype_policy.name}"
            )
        self.depthwise = depthwise
        self.pointwise = pointwise
        if not kwargs.get("trainable", True):
            # Keras passes it on to the parts that exist when it is set.
            self.trainable = False

    @classmethod
    def from_conv(
        cls, layer: keras.layers.Layer, student: Student, **options: Any
    ) -> "ClonedSeparableConv2D":
        """Makes a layer with the kernels and bias of a separable convolution.

        The rest of its configuration, such as regularizers, is taken over too.

        Args:
            layer: Built `keras.layers.SeparableConv2D`, with the kernel size, padding,
                strides and dilation of the student's teacher, a `ConvTeacher` of T(2).
            student: `Student`.
            **options: `name`, `trainable` and `dtype`, or further arguments of the
                depthwise part, a `ClonedConv2D`, such as `symmetry`.

        Returns:
            `ClonedSeparableConv2D`, built, whose outputs are the convolution's up to
            the clone's error.

        Raises:
            ValueError: If the student does not imitate such a layer, or an option is
                not accepted.
        """
        check_imitates(student, layer, SEPARABLE)
        own = {
            "name": options.pop("name", layer.name),
            "trainable": options.pop("trainable", layer.trainable),
            "dtype": options.pop("dtype", layer.dtype_policy),
        }
        depthwise = ClonedConv2D(
            student=student,
            **{**_depthwise_options(layer), "dtype": own["dtype"], **options},
        )
        pointwise = keras.layers.Conv2D(
            **{**_pointwise_options(layer), "dtype": own["dtype"]}
        )
        cloned = cls(depthwise, pointwise, **own)
        image, _ = student.input_shapes((depthwise.groups,))
        cloned.build(depthwise._from_last((None, *image)))
        kernel = ops.convert_to_numpy(layer.depthwise_kernel)
        depthwise.kernel.assign(depthwise_kernel(kernel))
        pointwise.kernel.assign(layer.pointwise_kernel)
        if layer.use_bias:
            pointwise.bias.assign(layer.bias)
        return cloned

    def build(self, input_shape: Shape) -> None:
        for part in (self.depthwise, self.pointwise):
            if not part.built:
                part.build(input_shape)
            input_shape = part.compute_output_shape(input_shape)

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        return self.pointwise(self.depthwise(inputs, training=training))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        shape = self.depthwise.compute_output_shape(input_shape)
        return self.pointwise.compute_output_shape(shape)

    @property
    def filters(self) -> int:
        """Integer, the number of output channels."""
        return self.pointwise.filters

    @property
    def activation(self) -> Any:
        """The activation function."""
        return self.pointwise.activation

    @property
    def data_format(self) -> str:
        """String, `"channels_last"` or `"channels_first"`."""
        return self.depthwise.data_format

    @property
    def student(self) -> Student:
        """`Student`, the depthwise part's."""
        return self.depthwise.student

    @property
    def symmetry(self) -> str:
        """String, how training treats the student, see `ClonedConv2D`."""
        return self.depthwise.symmetry

    @property
    def anchors(self) -> list[Tensor]:
        """List of variables, the cloned values of the weights that are regularised."""
        return self.depthwise.anchors

    def computes_as(self) -> str:
        """How the depthwise part computes: `"convolution"` or `"blocks"`."""
        return self.depthwise.computes_as()

    def deviation(self) -> Deviation:
        """How far the student deviates from its cloned weights, and where.

        Returns:
            `Deviation`.

        Raises:
            ValueError: If the layer has no anchors to compare with.
        """
        if not self.anchors:
            raise ValueError(
                'Only layers with symmetry="anchored" remember their cloned weights. '
                f"Received: layer {self.name!r}, {self.symmetry}"
            )
        return self.depthwise.deviation()

    def hold(self, optimizer: Any) -> None:
        """Sets the optimizer whose learning rate decoupled anchors follow.

        Only custom training loops need it: in `fit` it is that of the compiled model.

        Args:
            optimizer: Keras optimizer that trains the layer.
        """
        self.depthwise.hold(optimizer)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        for name in ("depthwise", "pointwise"):
            part = keras.saving.serialize_keras_object(getattr(self, name))
            config[name] = part
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "ClonedSeparableConv2D":
        parts = {
            name: keras.saving.deserialize_keras_object(config[name])
            for name in ("depthwise", "pointwise")
        }
        return cls(**{**config, **parts})


def _depthwise_options(layer) -> dict[str, Any]:
    """A separable convolution's depthwise part, as arguments of a cloned layer."""
    channels, multiplier = layer.depthwise_kernel.shape[-2:]
    return {
        "filters": channels * multiplier,
        "groups": channels,
        "data_format": layer.data_format,
        "use_bias": False,
        "kernel_initializer": layer.depthwise_initializer,
        "kernel_regularizer": layer.depthwise_regularizer,
        "kernel_constraint": layer.depthwise_constraint,
        "name": "depthwise",
    }


def _pointwise_options(layer) -> dict[str, Any]:
    """A separable convolution's 1×1 part, as arguments of a `Conv2D`."""
    inherited = (
        *("filters", "activation", "use_bias", "data_format", "activity_regularizer"),
        *("bias_initializer", "bias_regularizer", "bias_constraint"),
    )
    options = {name: getattr(layer, name) for name in inherited}
    for kind in ("initializer", "regularizer", "constraint"):
        options[f"kernel_{kind}"] = getattr(layer, f"pointwise_{kind}")
    return {**options, "kernel_size": 1, "name": "pointwise"}


def _check_depthwise(layer) -> None:
    """Refuses other layers than depthwise clones without bias and activation."""
    fits = isinstance(layer, ClonedConv2D) and not (
        layer.use_bias
        or layer.activation is not keras.activations.linear
        or layer.student.teacher.representation_in > 1
        or layer.student.teacher.representation_out > 1
    )
    if fits and layer.built:
        fits = layer.kernel.shape[-2] == 1
    if not fits:
        raise ValueError(
            "`depthwise` must be a ClonedConv2D of T(2), with a group for each "
            "channel, without bias and activation. "
            f"Received: depthwise={layer!r}"
        )


def _check_pointwise(layer, depthwise) -> None:
    """Refuses other layers than convolutions of 1×1, as the depthwise part is."""
    fits = isinstance(layer, keras.layers.Conv2D) and (
        layer.kernel_size == layer.strides == (1, 1)
        and layer.groups == 1
        and layer.data_format == depthwise.data_format
        and layer.dtype_policy.name == depthwise.dtype_policy.name
    )
    if not fits:
        raise ValueError(
            "`pointwise` must be a Conv2D with 1×1 kernels, and with data_format "
            f"{depthwise.data_format} and dtype {depthwise.dtype_policy.name} as "
            f"`depthwise`. Received: pointwise={layer!r}"
        )

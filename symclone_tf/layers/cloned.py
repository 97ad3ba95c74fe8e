"""Students of any teacher as layers that preserve or break its equivariance."""

import math
from typing import Any

import keras
from keras import ops

from symclone_tf.checks import one_of
from symclone_tf.earlier import layer_config
from symclone_tf.layers.anchors import strength_of
from symclone_tf.layers.base_conv import Convolution, Initializer
from symclone_tf.layers.conversion import (
    bias_of,
    check_axes_conv,
    inherited,
    real_array,
)
from symclone_tf.layers.decoupled_anchors import training_optimizer
from symclone_tf.layers.kernel_layouts import kernel_of
from symclone_tf.layers.random_transformations import RandomTransformations
from symclone_tf.layers.shared_students import (
    SYMMETRIES,
    TRAINABLE_PARTS,
    set_anchors,
    set_trainable_part,
    share_student,
)
from symclone_tf.layers.student_layer import StudentLayer
from symclone_tf.students import Student
from symclone_tf.types import ArrayLike, Shape, Tensor

COMPUTE = ("auto", "blocks")
DATA_FORMATS = ("channels_last", "channels_first")


@keras.saving.register_keras_serializable(package="symclone_tf")
class Cloned(StudentLayer, Convolution):
    """Layer made of a cloned student, of any teacher.

    For convolutions of images there is `ClonedConv2D`. The layer has a kernel and a
    bias of its own, and computes what the student's teacher would. The student is

    - `"frozen"`: never changed, which preserves equivariance; the layer's kernel and
      bias train all the same, until `layer.trainable = False`;
    - `"trainable"`: fine-tuned, which may break the symmetry where the data does;
    - `"anchored"`: fine-tuned, and regularised towards its cloned weights w₀ or
      towards equivariance.

    Args:
        filters: Integer, the number of output channels.
        student: `Student`, as `load` or `clone` returns it.
        symmetry: String, `"frozen"`, `"trainable"` or `"anchored"`.
        anchor: String, the regularisation, see `ClonedConv2D`; `"transformed-inputs"`
            transforms inputs by the teacher's `training_transformations`.
        anchor_strength: Float, see `ClonedConv2D`.
        trainable_part: String, what training changes of a student that is not frozen:
            `"encoder"`, `"blocks"`, or `"all"`.
        compute: String, see `ClonedConv2D`.
        data_format: String, `"channels_last"` or `"channels_first"`.
        seed: Integer, the seed of `"transformed-inputs"`; `None` for a random one.
        activation: Activation function, or its name.
        use_bias: Boolean, whether to add a bias, one per filter.
        kernel_initializer: Initializer for the kernel; `None` for Glorot's uniform
            one, divided by the square root of the teacher's `entry_gain`.
        {shared by all convolutions}

    Input shape:
        `(batch, *input_shape, channels)` of the student's teacher: `(batch, positions,
        channels)` for an `OrbitTeacher`. With `"channels_first"` the channels follow
        the batch, also in the output.

    Output shape:
        `(batch, *output_shape, filters)`.

    Raises:
        ValueError: If an argument is not accepted, if another layer shares the
            student and treats it differently, or if inputs have another shape than
            the student's.
        TypeError: If `student` is not a `Student`.

    Example:

    >>> teacher = OrbitTeacher(cyclic(8))
    >>> student, _ = clone(teacher, solver="closed-form", verbose=0)
    >>> layer = Cloned(filters=5, student=student, activation="relu")
    >>> layer(keras.random.normal((2, 8, 3))).shape
    TensorShape([2, 8, 5])

    Reference:

    - [Huang et al., 2024](https://arxiv.org/abs/2410.03989), section 3
    """

    # An option of `ClonedConv2D`.
    groups = 1

    def __init__(
        self,
        filters: int,
        student: Student,
        symmetry: str = "frozen",
        anchor: str = "transformed-inputs",
        anchor_strength: float | None = None,
        trainable_part: str = "all",
        compute: str = "auto",
        data_format: str = "channels_last",
        seed: int | None = None,
        kernel_initializer: Initializer = None,
        **kwargs: Any,
    ):
        one_of("data_format", data_format, DATA_FORMATS)
        one_of("symmetry", symmetry, SYMMETRIES)
        one_of("trainable_part", trainable_part, TRAINABLE_PARTS)
        one_of("compute", compute, COMPUTE)
        if not isinstance(student, Student):
            raise TypeError(
                "`student` must be a Student, as `load` returns it, and `clone` "
                f"with its report. Received: student of type {type(student)}"
            )
        self.symmetry = symmetry
        super().__init__(filters, kernel_initializer=kernel_initializer, **kwargs)
        self.anchor = anchor
        self.anchor_strength = strength_of(anchor, anchor_strength)
        self.trainable_part = trainable_part
        self.compute = compute
        self.data_format = data_format
        self.seed = seed
        self.student = student
        self.anchors: list[Tensor] = []
        self.random_transformations = None
        if symmetry == "anchored" and anchor == "transformed-inputs":
            self.seed_generator = keras.random.SeedGenerator(seed)
            self.random_transformations = RandomTransformations(
                student.teacher, self.anchor_strength, self.seed_generator
            )
        share_student(self)

    @classmethod
    def from_kernel(
        cls,
        kernel: ArrayLike,
        student: Student,
        bias: ArrayLike | None = None,
        **options: Any,
    ) -> "Cloned":
        """Makes a layer with a given kernel.

        Args:
            kernel: Array of shape `(*kernel_shape, channels, filters)`, which is `(k,
                k, channels / groups, filters)`, or `(k, k, |G|, channels / groups,
                filters)`, for students of convolutions.
            student: `Student`.
            bias: Array of shape `(filters,)`, or `None` for none.
            **options: Further arguments of the layer, such as `symmetry`.

        Returns:
            The layer, built.

        Raises:
            ValueError: If an array is not real and finite, or has the wrong shape.
        """
        kernel = real_array("kernel", kernel)
        channels = options.get("groups", 1) * math.prod(kernel.shape[-2:-1])
        image, _ = student.input_shapes((channels,))
        student.compute_output_shape((None, *image), kernel.shape)
        if bias is not None:
            bias = bias_of(bias, kernel)
        options = {"use_bias": bias is not None, **options}
        cloned = cls(kernel.shape[-1], student, **options)
        cloned.build(cloned._from_last((None, *image)))
        cloned.kernel.assign(kernel)
        if bias is not None:
            cloned.bias.assign(bias)
        return cloned

    @classmethod
    def from_conv(
        cls, layer: keras.layers.Layer, student: Student, **options: Any
    ) -> "Cloned":
        """Makes a layer with the kernel and bias of a convolution.

        The rest of its configuration, such as regularizers, is taken over too.

        Args:
            layer: Built `keras.layers.Conv1D` or `Conv3D`, with the geometry of the
                student's teacher, a `TranslationConvTeacher`; or `Conv1DTranspose`,
                `Conv2DTranspose` or `Conv3DTranspose`, with that of a
                `TransposedConvTeacher`; or `GroupConv3D`, of a `VolumeConvTeacher`.
            student: `Student`.
            **options: Further arguments of the layer, such as `symmetry`.

        Returns:
            The layer, built, whose outputs are the convolution's up to the clone's
            error.

        Raises:
            ValueError: If the student does not imitate such a layer.
        """
        check_axes_conv(student, layer)
        bias = layer.bias if options.get("use_bias", layer.use_bias) else None
        options = {**inherited(layer), **options}
        return cls.from_kernel(kernel_of(layer), student, bias, **options)

    def build(self, input_shape: Shape) -> None:
        _, kernel_shape = self._shapes(input_shape)
        if self.random_transformations and None in tuple(input_shape)[1:]:
            # XLA has no way to find transformations of inputs of unknown size.
            self.supports_jit = False
        if not self.student.built:
            self.student.build()
        set_trainable_part(self)
        self.add_kernel_and_bias(kernel_shape, self.student.teacher.entry_gain)
        set_anchors(self)

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        self._shapes(inputs.shape)
        inputs = self._to_last(inputs)
        if self.anchors:
            self.hold(training_optimizer())
        if training and self.random_transformations:
            sizes = ops.shape(inputs)[1 : 1 + self.student.free_axes]
            random = self.random_transformations.at(tuple(sizes))
            elements = random.draw(ops.shape(inputs)[0])
            transformed = random.transform_inputs(inputs, elements)
            outputs = random.invert_outputs(self._convolved(transformed), elements)
        else:
            outputs = self._convolved(inputs)
        outputs = ops.cast(outputs, self.compute_dtype)
        return self.biased_and_activated(outputs, self.data_format)

    def _convolved(self, inputs):
        if self.computes_as() == "convolution":
            return self.student.convolve(inputs, self.kernel)
        return self.student(inputs, self.kernel)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        last, kernel_shape = self._shapes(input_shape)
        return self._from_last(self.student.compute_output_shape(last, kernel_shape))

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.update(self.student_config())
        config.update(data_format=self.data_format, seed=self.seed)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Cloned":
        student = keras.saving.deserialize_keras_object(config["student"])
        return cls(**{**layer_config(config), "student": student})

    def _shapes(self, shape):
        """The shapes of inputs, with the channels last, and of the kernel.

        Raises:
            ValueError: If inputs have another shape than the student's, or a number
                of channels that is not a multiple of `groups`.
        """
        shape = last = tuple(shape)
        if self.data_format == "channels_first":
            last = (shape[0], *shape[2:], *shape[1:2])
        student, free = self.student, self.student.free_axes
        image, _ = student.input_shapes(last[-1:])
        if len(last) != len(image) + 1 or last[1 + free :] != image[free:]:
            takes = self._from_last(
                ("batch", *["any size"] * free, *map(str, image[free:-1]), "channels")
            )
            raise ValueError(
                f"The student of layer {self.name!r} was cloned for inputs of shape "
                f"({', '.join(takes)}). Received: inputs of shape {shape}"
            )
        student.teacher_at(last[1 : 1 + free])
        if last[-1] % self.groups:
            raise ValueError(
                f"Layer {self.name!r} takes inputs whose channels are a multiple of "
                f"groups={self.groups}. Received: inputs of shape {shape}"
            )
        channels = last[-1] // self.groups
        return last, student.input_shapes((channels,), (self.filters,))[1]

    def _to_last(self, inputs):
        """Moves the channels of inputs to the last axis."""
        if self.data_format == "channels_first":
            return ops.moveaxis(inputs, 1, -1)
        return inputs

    def _from_last(self, shape):
        """Puts the axes of a shape, channels last, in the layer's own order."""
        if self.data_format == "channels_last":
            return tuple(shape)
        return (shape[0], shape[-1], *shape[1:-1])

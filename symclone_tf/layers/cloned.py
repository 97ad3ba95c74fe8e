"""Students of any teacher as Keras layers, with a symmetry to keep or to break."""

import math

import keras
from keras import ops

from symclone_tf.checks import one_of
from symclone_tf.earlier import layer_config
from symclone_tf.layers import Convolution
from symclone_tf.layers.anchors import strength_of
from symclone_tf.layers.conversion import (
    bias_of,
    check_translation_conv,
    inherited,
    kernel_of,
    real_array,
)
from symclone_tf.layers.decoupled_anchors import training_optimizer
from symclone_tf.layers.random_transformations import RandomTransformations
from symclone_tf.layers.shared_students import (
    SYMMETRIES,
    TRAINABLE_PARTS,
    set_anchors,
    set_trainable_part,
    share_student,
)
from symclone_tf.layers.student_layer import HoldsStudent
from symclone_tf.students import Student

COMPUTE = ("auto", "blocks")


@keras.saving.register_keras_serializable(package="symclone_tf")
class Cloned(HoldsStudent, Convolution):
    """Layer made of a cloned student, of any teacher.

    What `ClonedConv2D` is for convolutions: it has a kernel and a bias of its own, and
    computes what the student's teacher would. The student is

    - `"frozen"`: never changes, so that the layer keeps the symmetry;
    - `"trainable"`: free to leave the symmetry where the data does;
    - `"anchored"`: trainable, and held, at its symmetry or its cloned weights w₀.

    Args:
        filters: Integer, the number of output channels.
        student: `Student`, as `load` or `clone` gives it.
        symmetry: String, `"frozen"`, `"trainable"` or `"anchored"`.
        anchor: String, what holds, see `ClonedConv2D`; `"transformed-inputs"` moves inputs by the
            teacher's `training_transformations`.
        anchor_strength: Float, see `ClonedConv2D`.
        trainable_part: String, what a student that is not frozen may change: `"encoder"`,
            `"blocks"`, or `"all"`.
        compute: String, see `ClonedConv2D`.
        seed: Integer, of what `"transformed-inputs"` draws; `None` for a random one.
        activation: Activation function, or its name.
        use_bias: Boolean, whether to add a bias, one per filter.
        kernel_initializer: Initializer for the kernel; `None` for Glorot's uniform
            one, divided by the root of the teacher's `entry_gain`.
        {shared by all convolutions}

    Input shape:
        `(batch, *input_shape, channels)` of the student's teacher: `(batch, points,
        channels)` for an `OrbitTeacher`.

    Output shape:
        `(batch, *output_shape, filters)`.

    Raises:
        ValueError: If an argument is not accepted, if another layer shares the
            student and treats it differently, or if inputs have another shape than
            the student's.
        TypeError: If the student is none.

    Example:

    >>> teacher = OrbitTeacher(cyclic(8))
    >>> student, _ = clone(teacher, solver="closed-form", verbose=0)
    >>> layer = Cloned(filters=5, student=student, activation="relu")
    >>> layer(keras.random.normal((2, 8, 3))).shape
    TensorShape([2, 8, 5])

    Reference:

    - [Huang et al., 2024](https://arxiv.org/abs/2410.03989), section 3
    """

    # What convolutions may have otherwise.
    groups = 1
    data_format = "channels_last"

    def __init__(
        self,
        filters,
        student,
        symmetry="frozen",
        anchor="transformed-inputs",
        anchor_strength=None,
        trainable_part="all",
        compute="auto",
        seed=None,
        kernel_initializer=None,
        **kwargs,
    ):
        one_of("symmetry", symmetry, SYMMETRIES)
        one_of("trainable_part", trainable_part, TRAINABLE_PARTS)
        one_of("compute", compute, COMPUTE)
        if not isinstance(student, Student):
            raise TypeError(
                "`student` must be a Student, as `load` returns it, and `clone` "
                f"before its report. Received: student of type {type(student)}"
            )
        self.symmetry = symmetry
        super().__init__(filters, kernel_initializer=kernel_initializer, **kwargs)
        self.anchor = anchor
        self.anchor_strength = strength_of(anchor, anchor_strength)
        self.trainable_part = trainable_part
        self.compute = compute
        self.seed = seed
        self.student = student
        self.anchors = []
        self.random_transformations = None
        if symmetry == "anchored" and anchor == "transformed-inputs":
            self.seed_generator = keras.random.SeedGenerator(seed)
            self.random_transformations = RandomTransformations(
                student.teacher, self.anchor_strength, self.seed_generator
            )
        share_student(self)

    @classmethod
    def from_kernel(cls, kernel, student, bias=None, **options):
        """Makes a layer of a kernel that is there already.

        Args:
            kernel: Array of shape `(*kernel_shape, channels, filters)`, which is `(k,
                k, channels / groups, filters)`, or `(k, k, |G|, channels / groups,
                filters)`, for students of convolutions.
            student: `Student`.
            bias: Array of shape `(filters,)`, or `None` for none.
            **options: Of the layer, as `symmetry`.

        Returns:
            The layer, built.

        Raises:
            ValueError: If an array is not real and finite, or not of its shape.
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
    def from_conv(cls, layer, student, **options):
        """Takes over a `Conv1D`'s or `Conv3D`'s kernel and bias, and so its answers.

        What else the layer was made with, as its regularizers, is kept too.

        Args:
            layer: Built `keras.layers.Conv1D` or `Conv3D`, such as the student's
                teacher, a `TranslationConvTeacher`.
            student: `Student`.
            **options: Of the layer, as `symmetry`.

        Returns:
            The layer, built, whose outputs are the convolution's up to the clone's
            fidelity.

        Raises:
            ValueError: If the student does not imitate such a layer.
        """
        check_translation_conv(student, layer)
        bias = layer.bias if options.get("use_bias", layer.use_bias) else None
        options = {**inherited(layer), **options}
        return cls.from_kernel(kernel_of(layer), student, bias, **options)

    def build(self, input_shape):
        _, kernel_shape = self._shapes(input_shape)
        if not self.student.built:
            self.student.build()
        set_trainable_part(self)
        self.add_kernel_and_bias(kernel_shape, self.student.teacher.entry_gain)
        set_anchors(self)

    def call(self, inputs, training=False):
        self._shapes(inputs.shape)
        inputs = self._to_last(inputs)
        if self.anchors and (optimizer := training_optimizer()):
            self.hold(optimizer)
        if training and self.random_transformations:
            drawn = self.random_transformations.draw(ops.shape(inputs)[0])
            moved = self._answers(self.random_transformations.there(inputs, drawn))
            outputs = self.random_transformations.back(moved, drawn)
        else:
            outputs = self._answers(inputs)
        outputs = ops.cast(outputs, self.compute_dtype)
        return self.biased_and_activated(outputs, self.data_format)

    def _answers(self, inputs):
        if self.computes_as() == "convolution":
            return self.student.convolve(inputs, self.kernel)
        return self.student(inputs, self.kernel)

    def compute_output_shape(self, input_shape):
        last, kernel_shape = self._shapes(input_shape)
        return self._from_last(self.student.compute_output_shape(last, kernel_shape))

    def get_config(self):
        config = super().get_config()
        config.update(self.config_of_student())
        config.update(seed=self.seed)
        return config

    @classmethod
    def from_config(cls, config):
        student = keras.saving.deserialize_keras_object(config["student"])
        return cls(**{**layer_config(config), "student": student})

    def _shapes(self, shape):
        """Shapes of inputs, with the channels last, and of the kernel.

        Raises:
            ValueError: If inputs have another shape than the student's.
        """
        last = tuple(shape)
        image, _ = self.student.input_shapes(last[-1:])
        if last[1:] != image:
            takes = ("batch", *map(str, image[:-1]), "channels")
            raise ValueError(
                f"The student of layer {self.name!r} was cloned for inputs of shape "
                f"({', '.join(takes)}). Received: inputs of shape {last}"
            )
        return last, self.student.input_shapes(last[-1:], (self.filters,))[1]

    def _to_last(self, inputs):
        """Inputs with the channels last."""
        return inputs

    def _from_last(self, shape):
        """A shape with the channels last, in the layer's own order."""
        return tuple(shape)

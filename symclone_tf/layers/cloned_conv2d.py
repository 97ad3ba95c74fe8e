"""Students as ordinary convolution layers, with a symmetry to keep or to break."""

import gc

import keras
import numpy as np
from keras import ops

from symclone_tf.layers.anchors import ANCHORS, Anchored, penalty
from symclone_tf.checks import one_of, positive_number
from symclone_tf.teachers import Convolution
from symclone_tf.students import DenseStudent
from symclone_tf.teachers import GroupConv2D

SYMMETRIES = ("frozen", "trainable", "anchored")
# What a layer keeps of the convolution whose kernel it takes over.
_INHERITED = (
    *("name", "trainable", "activation", "use_bias"),
    *("kernel_initializer", "bias_initializer"),
    *("kernel_regularizer", "bias_regularizer", "activity_regularizer"),
    *("kernel_constraint", "bias_constraint"),
)


@keras.saving.register_keras_serializable(package="symclone_tf")
class ClonedConv2D(Convolution):
    """Convolution layer made of a cloned student.

    A drop-in for `keras.layers.Conv2D` or `GroupConv2D`, with a kernel and a
    bias of its own. The student computes what its teacher would, and is

    - `"frozen"`: never changes, so that the layer keeps the symmetry;
    - `"trainable"`: free to leave the symmetry where the data does;
    - `"anchored"`: trainable, with a penalty for leaving its cloned weights w₀.

    Layers may share one student, which is then saved once. Sharing layers
    must treat it alike, and share its anchors; `copy.deepcopy` makes a student
    of its own. `keras.models.clone_model` makes one for each layer.

    Args:
        filters: Integer, the number of output channels.
        student: `DenseStudent`, as `load` or `clone` gives it.
        symmetry: String, `"frozen"`, `"trainable"` or `"anchored"`.
        anchor: String, the penalty of anchored weights: `"kl"`, the paper's
            KL(softmax(w) ‖ softmax(w₀)), or `"l2"`, ‖w − w₀‖², summed over
            weight tensors.
        anchor_strength: Float, what the penalty is multiplied with. The softmax
            makes `"kl"` a mean over a tensor's weights, about half their
            variance around w₀, which asks for thousands; `"l2"` is a sum, and
            asks for hundredths.
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
        `(batch, n, n, channels)`, or `(batch, n, n, |G|, channels)` for
        students that read feature maps, with the student's `image_size` n.

    Output shape:
        `(batch, m, m, |G|, filters)`, without the group axis for `"t2"`.

    Raises:
        ValueError: If an argument is not accepted, if another layer shares the
            student and treats it differently, or if inputs have another size
            or rank than the student's.
        TypeError: If the student is none.

    Example:

    >>> student, _ = clone("c4", image_size=12, solver="closed-form", verbose=0)
    >>> layer = ClonedConv2D(filters=5, student=student, activation="relu")
    >>> layer(keras.random.normal((2, 12, 12, 3))).shape
    TensorShape([2, 10, 10, 4, 5])
    >>> [weight.name for weight in layer.trainable_weights]
    ['kernel', 'bias']

    Reference:

    - [Huang et al., 2024](https://arxiv.org/abs/2410.03989), section 3
    """

    def __init__(
        self,
        filters,
        student,
        symmetry="frozen",
        anchor="kl",
        anchor_strength=1000.0,
        **kwargs,
    ):
        one_of("symmetry", symmetry, SYMMETRIES)
        one_of("anchor", anchor, ANCHORS)
        if not isinstance(student, DenseStudent):
            raise TypeError(
                "`student` must be a DenseStudent, as `load` returns it, and `clone` "
                f"before its report. Received: student of type {type(student)}"
            )
        self.symmetry = symmetry
        super().__init__(filters, **kwargs)
        self.anchor = anchor
        self.anchor_strength = positive_number("anchor_strength", anchor_strength)
        self.student = student
        self.anchors = []
        self._share_student()

    @classmethod
    def from_conv(cls, layer, student, **options):
        """Takes over a convolution's kernel and bias, and with them its answers.

        What else the layer was made with, as its regularizers, is kept too.

        Args:
            layer: Built `keras.layers.Conv2D`, for students of T(2), or
                `GroupConv2D`, with the student's kernel size and padding.
            student: `DenseStudent`.
            **options: Of `ClonedConv2D`, as `symmetry`.

        Returns:
            `ClonedConv2D`, built, whose outputs are the layer's up to the
            clone's fidelity.

        Raises:
            ValueError: If the student does not imitate such a layer.
        """
        if not isinstance(layer, (keras.layers.Conv2D, GroupConv2D)):
            raise ValueError(
                "Only a Conv2D's or GroupConv2D's kernel can be taken over. "
                f"Received: layer of type {type(layer).__name__}"
            )
        expected = _convolution(student)
        found = _convolution(layer)
        if found != expected:
            raise ValueError(
                f"The student imitates a convolution with {expected}. "
                f"Received: layer with {found}"
            )
        if not layer.built:
            raise ValueError(
                "A layer that is not built has no kernel to take over. "
                f"Received: layer {layer.name!r}"
            )
        taken = {name: getattr(layer, name) for name in _INHERITED}
        taken["dtype"] = layer.dtype_policy
        bias = layer.bias if options.get("use_bias", layer.use_bias) else None
        return cls.from_kernel(layer.kernel, student, bias, **{**taken, **options})

    @classmethod
    def from_kernel(cls, kernel, student, bias=None, **options):
        """Makes a layer of a kernel that is there already.

        Args:
            kernel: Array of shape `(k, k, channels, filters)`, or `(k, k, |G|,
                channels, filters)` for students of group layers.
            student: `DenseStudent`.
            bias: Array of shape `(filters,)`, or `None` for none.
            **options: Of `ClonedConv2D`, as `symmetry`.

        Returns:
            `ClonedConv2D`, built.

        Raises:
            ValueError: If an array is not real and finite, or not of its shape.
        """
        kernel = _real("kernel", kernel)
        image, _ = student.input_shapes(kernel.shape[-2:-1] or (1,))
        student.compute_output_shape((None, *image), kernel.shape)
        if bias is not None:
            bias = _real("bias", bias)
            if bias.shape != kernel.shape[-1:]:
                raise ValueError(
                    f"`bias` must have shape {kernel.shape[-1:]}, one for each "
                    f"filter. Received: bias of shape {bias.shape}"
                )
        options = {"use_bias": bias is not None, **options}
        cloned = cls(kernel.shape[-1], student, **options)
        cloned.build((None, *image))
        cloned.kernel.assign(kernel)
        if bias is not None:
            cloned.bias.assign(bias)
        return cloned

    @property
    def trainable(self):
        """Whether kernel and bias, and a student that is not frozen, train."""
        return super().trainable

    @trainable.setter
    def trainable(self, value):
        keras.layers.Layer.trainable.fset(self, value)
        # `model.trainable = True` sets all layers; frozen means frozen.
        if self.symmetry == "frozen":
            self.student.trainable = False

    def build(self, input_shape):
        self._check(input_shape)
        _, kernel_shape = self.student.input_shapes(input_shape[-1:], (self.filters,))
        if not self.student.built:
            self.student.build()
        self.student.trainable = self.trainable and self.symmetry != "frozen"
        self.add_kernel_and_bias(kernel_shape)
        self._drop_anchors()

    def _share_student(self):
        """Refuses a student that a living layer treats differently."""
        if _treatments(self.student) - {self._treatment}:
            gc.collect()  # of layers that nothing but their own cycles holds
        others = _treatments(self.student) - {self._treatment}
        if others:
            raise ValueError(
                f"The student is {' '.join(map(str, *others))} in another layer; "
                "take a copy of it, `copy.deepcopy(student)`, to treat it "
                f"differently. Received: {' '.join(map(str, self._treatment))}"
            )
        self.student.sharing.add(self)

    @property
    def _treatment(self):
        """What layers that share a student have to agree on."""
        if self.symmetry != "anchored":
            return (self.symmetry,)
        return (self.symmetry, self.anchor, self.anchor_strength)

    def _drop_anchors(self):
        """Remembers the student's weights as they are now, w₀, unless a layer
        that shares the student has done so."""
        for layer in self.student.sharing:
            if layer.anchors:
                self.anchors = list(layer.anchors)
                return
        for weight in self.student.weights:
            if isinstance(weight.regularizer, Anchored):
                weight.regularizer = None  # of layers that are no more
            if self.symmetry == "anchored":
                anchor = self.add_weight(
                    name=f"anchor_{len(self.anchors)}",
                    shape=weight.shape,
                    dtype=weight.dtype,
                    initializer="zeros",
                    trainable=False,
                )
                anchor.assign(weight)
                self.anchors.append(anchor)
                weight.regularizer = Anchored(self.anchor, self.anchor_strength, anchor)

    def call(self, inputs):
        self._check(inputs.shape)
        outputs = self.student(inputs, self.kernel)
        return self.biased_and_activated(ops.cast(outputs, self.compute_dtype))

    def anchor_penalty(self):
        """How far the student's weights are from w₀, before the strength.

        Returns:
            Scalar tensor, the sum over weight tensors; 0 without anchors.
        """
        pairs = zip(self.student.weights, self.anchors)
        return sum((penalty(self.anchor, w, anchor) for w, anchor in pairs), 0.0)

    def compute_output_shape(self, input_shape):
        self._check(input_shape)
        _, kernel_shape = self.student.input_shapes(input_shape[-1:], (self.filters,))
        return self.student.compute_output_shape(input_shape, kernel_shape)

    def get_config(self):
        config = super().get_config()
        student = keras.saving.serialize_keras_object(self.student)
        # By which Keras finds that layers of one file share a student. It sets
        # this itself on the second of two, and on a copy of the first.
        student["shared_object_id"] = id(self.student)
        config.update(
            student=student,
            symmetry=self.symmetry,
            anchor=self.anchor,
            anchor_strength=self.anchor_strength,
        )
        return config

    @classmethod
    def from_config(cls, config):
        student = keras.saving.deserialize_keras_object(config["student"])
        return cls(**{**config, "student": student})

    def _check(self, shape):
        image, _ = self.student.input_shapes(shape[-1:])
        if tuple(shape[1:]) != image:
            takes = ", ".join(["batch", *map(str, image[:-1]), "channels"])
            raise ValueError(
                f"The student of layer {self.name!r} was cloned for inputs of shape "
                f"({takes}). Received: inputs of shape {tuple(shape)}"
            )


def _treatments(student) -> set:
    """How living layers treat a student."""
    return {layer._treatment for layer in student.sharing}


def _real(name, values) -> np.ndarray:
    """Weights that came from somewhere else, if they can be weights."""
    values = ops.convert_to_numpy(values)
    if values.dtype.kind not in "fiu" or not values.size:
        raise ValueError(
            f"`{name}` must be an array of real numbers. "
            f"Received: {name} of type {values.dtype} and shape {values.shape}"
        )
    if not np.isfinite(values).all():
        raise ValueError(
            f"`{name}` must be finite. Received: {name} with infinite values, or "
            "values that are no number"
        )
    return values


def _convolution(layer) -> dict:
    """What has to agree for a student to imitate a convolution."""
    size = layer.kernel_size
    stride = getattr(layer, "strides", (1, 1))
    dilation = getattr(layer, "dilation_rate", (1, 1))
    return {
        "group": getattr(getattr(layer, "group", None), "name", "t2"),
        "kernel_size": tuple(size) if isinstance(size, (tuple, list)) else (size, size),
        "padding": layer.padding,
        "strides": tuple(stride),
        "dilation_rate": tuple(dilation),
        "groups": getattr(layer, "groups", 1),
        "data_format": getattr(layer, "data_format", "channels_last"),
    }

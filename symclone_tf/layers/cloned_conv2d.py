"""Students as convolution layers that preserve or break their equivariance."""

from typing import Any

import keras

from symclone_tf.checks import positive_integer
from symclone_tf.layers.base_conv import Initializer
from symclone_tf.layers.cloned import Cloned
from symclone_tf.layers.conversion import check_imitates, inherited
from symclone_tf.layers.kernel_layouts import kernel_of
from symclone_tf.students import Student


@keras.saving.register_keras_serializable(package="symclone_tf")
class ClonedConv2D(Cloned):
    """Convolution layer made of a cloned student.

    A drop-in replacement for `keras.layers.Conv2D` or `GroupConv2D`, with a kernel
    and a bias of its own. The student computes what its teacher would, and is

    - `"frozen"`: never changed, which preserves equivariance; the layer's kernel and
      bias train all the same, until `layer.trainable = False`;
    - `"trainable"`: fine-tuned, which may break the symmetry where the data does;
    - `"anchored"`: fine-tuned, and regularised towards its cloned weights w₀ or
      towards equivariance.

    Layers may share one student, which is then saved once. They must treat it alike,
    and share its anchors; `copy.deepcopy` makes a separate student.
    `keras.models.clone_model` makes one for each layer.

    Args:
        filters: Integer, the number of output channels.
        student: `Student`, as `load` or `clone` returns it.
        symmetry: String, `"frozen"`, `"trainable"` or `"anchored"`.
        anchor: String, the regularisation of an anchored student:

            - `"transformed-inputs"`, equivariance regularisation: in training, a share
              of the layer's inputs is transformed by random elements of the group,
              and the outputs are transformed back;
            - `"decoupled-l2-sp"`, L2-SP decoupled as in AdamW: each step of the
              optimizer ends with w ← w₀ + (1 − η·λ)(w − w₀), η the learning rate;
            - `"proximal"`: each step ends with soft thresholding of w − w₀ by η·λ;
            - `"l2-sp"`, L2-SP: the penalty ‖w − w₀‖² in the loss, summed over weight
              tensors;
            - `"kl"`, the paper's: the penalty KL(softmax(w) ‖ softmax(w₀)), likewise.
        anchor_strength: Float: the share of the inputs, at most 1; λ; or the factor of
            the penalty. `None` for 0.2 (`"transformed-inputs"`), 30
            (`"decoupled-l2-sp"`), 0.5 (`"proximal"`), 0.01 (`"l2-sp"`) or 1000
            (`"kl"`). The share and λ mean the same for all students and image sizes.
            The softmax makes `"kl"` a mean over a tensor's weights, about half their
            variance around w₀.
        trainable_part: String, what training changes of a student that is not frozen:
            `"encoder"`, which may break rotations and reflections, but remains a
            convolution, and computes as one; `"blocks"`, which may break
            translations; or `"all"`.
        compute: String, `"auto"` to compute as one convolution if the student's blocks
            are translation equivariant and not trained, which is determined from
            their weights when the layer is first called, and when weights are loaded;
            or `"blocks"` to always compute as the student does.
        groups: Integer, the number of groups into which channels and filters are
            split, each of which is convolved separately.
        data_format: String, `"channels_last"` or `"channels_first"`.
        seed: Integer, the seed of `"transformed-inputs"`; `None` for a random one.
        activation: Activation function, or its name.
        use_bias: Boolean, whether to add a bias, one per filter and the same
            for all group elements.
        kernel_initializer: Initializer for the kernel.
        {shared by all convolutions}

    Input shape:
        `(batch, *input_shape, channels)` of the student's teacher:
        `(batch, n, n, channels)` for images of n×n pixels, and
        `(batch, n, n, |G|, channels)` for feature maps on a group. With
        `"channels_first"` the channels follow the batch, also in the output.

    Output shape:
        `(batch, *output_shape, filters)`: `(batch, m, m, |G|, filters)`,
        without the axis of the representation for `"t2"`.

    Raises:
        ValueError: If an argument is not accepted, if another layer shares the
            student and treats it differently, or if inputs have another size
            or rank than the student's.
        TypeError: If `student` is not a `Student`.

    Example:

    >>> student, _ = clone("c4", image_size=12, solver="closed-form", verbose=0)
    >>> layer = ClonedConv2D(filters=5, student=student, activation="relu")
    >>> layer(keras.random.normal((2, 12, 12, 3))).shape
    TensorShape([2, 10, 10, 4, 5])
    >>> [weight.name for weight in layer.trainable_weights]
    ['kernel', 'bias']

    Reference:

    - [Huang et al., 2024](https://arxiv.org/abs/2410.03989), section 3
    - [Li, Grandvalet & Davoine, 2018](https://arxiv.org/abs/1802.01483), for L2-SP
    - [Loshchilov & Hutter, 2019](https://arxiv.org/abs/1711.05101), for its decoupling
    """

    def __init__(
        self,
        filters: int,
        student: Student,
        symmetry: str = "frozen",
        anchor: str = "transformed-inputs",
        anchor_strength: float | None = None,
        trainable_part: str = "all",
        compute: str = "auto",
        groups: int = 1,
        data_format: str = "channels_last",
        seed: int | None = None,
        kernel_initializer: Initializer = "glorot_uniform",
        **kwargs: Any,
    ):
        positive_integer("filters", filters)
        self.groups = positive_integer("groups", groups)
        if filters % groups:
            raise ValueError(
                "`filters` must be a multiple of `groups`. "
                f"Received: filters={filters}, groups={groups}"
            )
        super().__init__(
            filters,
            student,
            symmetry=symmetry,
            anchor=anchor,
            anchor_strength=anchor_strength,
            trainable_part=trainable_part,
            compute=compute,
            data_format=data_format,
            seed=seed,
            kernel_initializer=kernel_initializer,
            **kwargs,
        )

    @classmethod
    def from_conv(
        cls, layer: keras.layers.Layer, student: Student, **options: Any
    ) -> "ClonedConv2D":
        """Makes a layer with the kernel and bias of a convolution.

        The rest of its configuration, such as regularizers, is taken over too.

        Args:
            layer: Built `keras.layers.Conv2D` or `DepthwiseConv2D`, for students
                of T(2), or `GroupConv2D`, with the kernel size, padding, strides
                and dilation of the student's teacher.
            student: `Student`.
            **options: Further arguments of `ClonedConv2D`, such as `symmetry`.

        Returns:
            `ClonedConv2D`, built, whose outputs are the convolution's up to the
            clone's error.

        Raises:
            ValueError: If the student does not imitate such a layer.
        """
        check_imitates(student, layer)
        bias = layer.bias if options.get("use_bias", layer.use_bias) else None
        options = {**inherited(layer), **options}
        return cls.from_kernel(kernel_of(layer), student, bias, **options)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.update(groups=self.groups)
        return config

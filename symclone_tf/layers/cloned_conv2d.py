"""Students as ordinary convolution layers, with a symmetry to keep or to break."""

import keras
from keras import ops

from symclone_tf.checks import one_of, positive_integer
from symclone_tf.layers.cloned import Cloned
from symclone_tf.layers.conversion import check_imitates, inherited, kernel_of

DATA_FORMATS = ("channels_last", "channels_first")


@keras.saving.register_keras_serializable(package="symclone_tf")
class ClonedConv2D(Cloned):
    """Convolution layer made of a cloned student.

    A drop-in for `keras.layers.Conv2D` or `GroupConv2D`, with a kernel and a
    bias of its own. The student computes what its teacher would, and is

    - `"frozen"`: never changes, so that the layer keeps the symmetry;
    - `"trainable"`: free to leave the symmetry where the data does;
    - `"anchored"`: trainable, and held, at its symmetry or its cloned weights w₀.

    Layers may share one student, which is then saved once. Sharing layers
    must treat it alike, and share its anchors; `copy.deepcopy` makes a student
    of its own. `keras.models.clone_model` makes one for each layer.

    Args:
        filters: Integer, the number of output channels.
        student: `Student`, as `load` or `clone` gives it.
        symmetry: String, `"frozen"`, `"trainable"` or `"anchored"`.
        anchor: String, what holds: `"transformed-inputs"`, by which in training a share of the
            layer's inputs is moved by elements of the symmetry, and its answers are
            moved back; or what holds weights w at their cloned values w₀: `"decoupled-l2-sp"`,
            by which each step of the optimizer ends with w ← w₀ + (1 − η·λ)(w − w₀)
            at a learning rate η; `"proximal"`, by which it takes w − w₀ nearer to
            zero by η·λ; or a penalty in the loss, `"kl"`, the paper's KL(softmax(w)
            ‖ softmax(w₀)), or `"l2-sp"`, ‖w − w₀‖², summed over weight tensors.
        anchor_strength: Float, the share that moves, of at most 1, λ, or what the
            penalty is multiplied with; `None` for 0.2 (augment), 30 (decay), 0.5
            (threshold), 1000 (kl) or 0.01 (l2). λ and the share mean the
            same for all students and image sizes. The softmax makes `"kl"` a mean
            over a tensor's weights, about half their variance around w₀.
        trainable_part: String, what a student that is not frozen may change: `"encoder"`,
            which leaves turns and mirrors, but stays a convolution, and computes as
            one; `"blocks"`, which leaves shifts; or `"all"`.
        compute: String, `"auto"`, by which a frozen layer computes as one
            convolution if its student's blocks do the same everywhere, which is
            measured on their weights when the layer is called first, and when
            weights are loaded; or `"blocks"`, always as the student does.
        groups: Integer, into how many groups channels and filters are shared
            out, each of which is convolved for itself.
        data_format: String, `"channels_last"` or `"channels_first"`.
        seed: Integer, of what `"transformed-inputs"` draws; `None` for a random one.
        activation: Activation function, or its name.
        use_bias: Boolean, whether to add a bias, one per filter and the same
            for all group elements.
        kernel_initializer: Initializer for the kernel.
        {shared by all convolutions}

    Input shape:
        `(batch, *input_shape, channels)` of the student's teacher:
        `(batch, n, n, channels)` for images of n×n pixels, and
        `(batch, n, n, |G|, channels)` for feature maps on a group. The channels
        stand behind the batch with `"channels_first"`, also of the output.

    Output shape:
        `(batch, *output_shape, filters)`: `(batch, m, m, |G|, filters)`,
        without the group axis for `"t2"`.

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
        anchor="transformed-inputs",
        anchor_strength=None,
        trainable_part="all",
        compute="auto",
        groups=1,
        data_format="channels_last",
        seed=None,
        kernel_initializer="glorot_uniform",
        **kwargs,
    ):
        one_of("data_format", data_format, DATA_FORMATS)
        positive_integer("filters", filters)
        self.groups = positive_integer("groups", groups)
        self.data_format = data_format
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
            seed=seed,
            kernel_initializer=kernel_initializer,
            **kwargs,
        )

    @classmethod
    def from_conv(cls, layer, student, **options):
        """Takes over a convolution's kernel and bias, and with them its answers.

        What else the layer was made with, as its regularizers, is kept too.

        Args:
            layer: Built `keras.layers.Conv2D` or `DepthwiseConv2D`, for students
                of T(2), or `GroupConv2D`, with the kernel size, padding, strides
                and dilation of the student's teacher.
            student: `Student`.
            **options: Of `ClonedConv2D`, as `symmetry`.

        Returns:
            `ClonedConv2D`, built, whose outputs are the layer's up to the
            clone's fidelity.

        Raises:
            ValueError: If the student does not imitate such a layer.
        """
        check_imitates(student, layer)
        bias = layer.bias if options.get("use_bias", layer.use_bias) else None
        options = {**inherited(layer), **options}
        return cls.from_kernel(kernel_of(layer), student, bias, **options)

    def get_config(self):
        config = super().get_config()
        config.update(groups=self.groups, data_format=self.data_format)
        return config

    def _shapes(self, shape):
        """Shapes of inputs, with the channels last, and of the kernel.

        Raises:
            ValueError: If inputs have another shape than the student's, or channels
                that `groups` does not share out.
        """
        shape = last = tuple(shape)
        if self.data_format == "channels_first":
            last = (shape[0], *shape[2:], *shape[1:2])
        image, _ = self.student.input_shapes(last[-1:])
        if last[1:] != image:
            takes = self._from_last(("batch", *map(str, image[:-1]), "channels"))
            raise ValueError(
                f"The student of layer {self.name!r} was cloned for inputs of shape "
                f"({', '.join(takes)}). Received: inputs of shape {shape}"
            )
        if last[-1] % self.groups:
            raise ValueError(
                f"Layer {self.name!r} takes inputs whose channels are a multiple of "
                f"groups={self.groups}. Received: inputs of shape {shape}"
            )
        channels = last[-1] // self.groups
        return last, self.student.input_shapes((channels,), (self.filters,))[1]

    def _to_last(self, inputs):
        if self.data_format == "channels_first":
            return ops.moveaxis(inputs, 1, -1)
        return inputs

    def _from_last(self, shape):
        """A shape with the channels last, in the layer's own order."""
        if self.data_format == "channels_last":
            return tuple(shape)
        return (shape[0], shape[-1], *shape[1:-1])

"""Students: plain Dense layers that know nothing of groups."""

import itertools
import math
import types
import weakref

import keras
from keras import ops

from symclone_tf.checks import positive_integer
from symclone_tf.symmetry import get_group
from symclone_tf.students.initializers import FirstElementOrthogonal
from symclone_tf.cloning import Recipe, linear_recipe, stacked_recipe
from symclone_tf.teachers import check_kernel, output_size


@keras.saving.register_keras_serializable(package="symclone_tf")
class DenseStudent(keras.layers.Layer):
    """Parallel Dense blocks, mixed by an encoding of the kernel.

    The student takes a convolution's own inputs and kernel. Each block is a
    Dense stack over the flattened image; an encoder, linear and the same for
    every pair of channels, turns the kernel into mixing coefficients:

    `y[n,p,h,o] = Σ_{g,c,b} φ_b(x[n,:,g,c])[p] · α[b,g,h,c,o]`, `α = ψ · E`.

    Nothing in it knows that pixels have neighbours or that groups have
    products; what it has of symmetry it learns from a teacher.

    Args:
        group: String, the group whose feature maps the student reads and
            writes, one of `"t2"`, `"c2"`, `"c4"`, `"d4"`.
        lifting: Boolean, whether inputs are images rather than feature maps.
            T(2) has no group axis: there both are the same layer.
        image_size: Integer, height and width of the inputs in pixels.
        kernel_size: Integer, height and width of the kernel.
        padding: String, `"valid"` or `"same"`.
        blocks: Integer, the number of blocks; `None` for `kernel_size²`, which
            is what an exact copy of a convolution needs.
        hidden_units: Tuple of integers, the widths of each block's hidden
            layers. The default, none, makes the blocks linear.
        activation: Activation of the hidden layers, or its name.
        seed: Integer, for the initial weights; `None` for a random one.
        **kwargs: `name`, `trainable`, `dtype`.

    Call arguments:
        inputs: Tensor of shape `(batch, image_size, image_size, channels)` or,
            if not lifting, `(batch, image_size, image_size, |G|, channels)`.
        kernel: Tensor of shape `(k, k, channels, filters)` or, if not lifting,
            `(k, k, |G|, channels, filters)`.

    Output shape:
        `(batch, m, m, |G|, filters)`, with `m = image_size − k + 1` for
        `"valid"` and `image_size` for `"same"`; without the group axis for
        `"t2"`.

    Raises:
        ValueError: If a count is not a positive integer, the kernel does not
            fit into the image, or inputs and kernel have other shapes.

    Example:

    >>> student = DenseStudent("c4", image_size=8, seed=0)
    >>> x = keras.random.normal((2, 8, 8, 1))
    >>> student(x, keras.random.normal((3, 3, 1, 5))).shape
    TensorShape([2, 6, 6, 4, 5])

    Reference:

    - [Huang et al., 2024](https://arxiv.org/abs/2410.03989), section 3
    """

    def __init__(
        self,
        group,
        lifting=True,
        image_size=28,
        kernel_size=3,
        padding="valid",
        blocks=None,
        hidden_units=(),
        activation="relu",
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.group = get_group(group)
        check_kernel(kernel_size, padding)
        self.lifting = lifting or self.group.is_trivial
        self.image_size = positive_integer("image_size", image_size)
        self.kernel_size = kernel_size
        self.padding = padding
        self.output_size = output_size(image_size, kernel_size, padding)
        self.blocks = positive_integer(
            "blocks", kernel_size**2 if blocks is None else blocks
        )
        self.hidden_units = tuple(
            positive_integer("hidden_units", u) for u in hidden_units
        )
        self.activation = keras.activations.get(activation)
        self.seed = seed

        # Layers that compute with this student, see `ClonedConv2D`.
        self.sharing = weakref.WeakSet()
        self.group_in = () if self.lifting else self.group.axis_shape
        self.elements_in = math.prod(self.group_in)
        self.kernel_entries = kernel_size**2 * self.elements_in
        self.encoder = keras.layers.Dense(
            self.blocks * self.elements_in * self.group.order,
            use_bias=False,
            kernel_initializer=FirstElementOrthogonal(self.group.order, seed),
            # Not passed on by Keras: a frozen student would thaw when reloaded.
            trainable=self.trainable,
            dtype=self.dtype_policy,
            name="encoder",
        )
        self.block_layers = list(self._block_layers())
        for layer in (self.encoder, *self.block_layers):
            # Dense's own would round the weights behind the student's products;
            # the base class refuses, of which `model.quantize` makes a warning.
            layer.quantize = types.MethodType(keras.layers.Layer.quantize, layer)

    def _block_layers(self):
        """All blocks side by side: one Dense layer that reads the pixels they
        share, then one batched product a layer."""
        for depth, (fan_in, units) in enumerate(itertools.pairwise(self._widths)):
            last = depth == len(self.hidden_units)
            if last:
                initializer = keras.initializers.Zeros()
            else:
                seed = None if self.seed is None else self.seed + depth + 1
                initializer = keras.initializers.RandomNormal(
                    stddev=math.sqrt(2 / fan_in), seed=seed
                )
            options = {
                "activation": None if last else self.activation,
                "kernel_initializer": initializer,
                "trainable": self.trainable,
                "dtype": self.dtype_policy,
                "name": f"blocks_{depth}",
            }
            if depth == 0:
                yield keras.layers.Dense(
                    self.blocks * units, use_bias=not last, **options
                )
            else:
                yield keras.layers.EinsumDense(
                    "nbi,bij->nbj",
                    output_shape=(self.blocks, units),
                    bias_axes=None if last else "bj",
                    **options,
                )

    @property
    def is_linear(self) -> bool:
        """Whether the blocks are linear maps."""
        return not self.hidden_units

    @property
    def parameters(self) -> int:
        """Integer, the number of weights, known before they are allocated."""
        weights = sum(a * b for a, b in itertools.pairwise(self._widths))
        blocks = self.blocks * (weights + sum(self.hidden_units))
        return blocks + self.kernel_entries * self.encoder.units

    @property
    def description(self) -> str:
        """The layer in a few words, as tables and progress bars show it."""
        kind = " lifting" if self.lifting else " group"
        if self.group.is_trivial:
            kind = ""
        return f"{self.group.title}{kind} {self.image_size}×{self.image_size}"

    @property
    def _widths(self) -> tuple[int, ...]:
        """Sizes of a block's input, hidden layers and output."""
        return (self.image_size**2, *self.hidden_units, self.output_size**2)

    def build(self, inputs_shape=None, kernel_shape=None):
        self.encoder.build((None, self.kernel_entries))
        self.block_layers[0].build((None, self.image_size**2))
        for layer, units in zip(self.block_layers[1:], self.hidden_units):
            layer.build((None, self.blocks, units))

    def call(self, inputs, kernel):
        self._check(inputs.shape, kernel.shape)
        if self.mixes_inputs(inputs.shape[-1], kernel.shape[-1]):
            outputs = self._mix_inputs(inputs, kernel)
        else:
            mixing = ops.transpose(self.coefficients(kernel))
            # The product's few maps are transposed, not the many features.
            outputs = ops.matmul(mixing, self.features(inputs))
            outputs = ops.transpose(outputs, (0, 2, 1))
        size, filters = self.output_size, kernel.shape[-1]
        return ops.reshape(outputs, (-1, size, size, *self.group.axis_shape, filters))

    def mixes_inputs(self, channels, filters) -> bool:
        """Whether it is cheaper to mix before the blocks than after them.

        Mixed inputs go through all linear blocks in one product: so it is where
        a layer has fewer maps going out than coming in.

        Args:
            channels: Integer, of the inputs.
            filters: Integer, of the kernel.

        Returns:
            Boolean.
        """
        pixels, outputs = self.image_size**2, self.output_size**2
        maps_in = self.elements_in * channels
        maps_out = self.group.order * filters
        features_mixed = maps_in * outputs * (pixels + maps_out)
        inputs_mixed = maps_out * pixels * (outputs + maps_in)
        return self.is_linear and inputs_mixed < features_mixed

    def _mix_inputs(self, inputs, kernel):
        maps_in = self.elements_in * inputs.shape[-1]
        maps_out = self.group.order * kernel.shape[-1]
        pixels = self.image_size**2
        mixing = ops.reshape(
            self.coefficients(kernel), (maps_in, self.blocks * maps_out)
        )
        mixed = ops.matmul(ops.reshape(inputs, (-1, pixels, maps_in)), mixing)
        mixed = ops.reshape(mixed, (-1, pixels, self.blocks, maps_out))
        rows = ops.reshape(
            ops.transpose(mixed, (0, 3, 1, 2)), (-1, pixels * self.blocks)
        )
        blocks = ops.cast(self.block_layers[0].kernel, self.compute_dtype)
        outputs = ops.matmul(rows, ops.reshape(blocks, (pixels * self.blocks, -1)))
        outputs = ops.reshape(outputs, (-1, maps_out, self.output_size**2))
        return ops.transpose(outputs, (0, 2, 1))

    def call_pairs(self, inputs, kernels):
        """Applies one kernel to each image: what a served clone computes.

        Args:
            inputs: Tensor of shape `(batch, image_size, image_size)` or, if
                not lifting, `(batch, image_size, image_size, |G|)`.
            kernels: Tensor of shape `(batch, k, k)` or `(batch, k, k, |G|)`.

        Returns:
            Tensor of shape `(batch, m, m, |G|)`, without the group axis for
            `"t2"`.
        """
        features = self.features(inputs[..., None])
        rows = self.elements_in * self.blocks
        encoded = self.encoder(ops.reshape(kernels, (-1, self.kernel_entries)))
        encoded = ops.reshape(
            encoded, (-1, self.blocks, self.elements_in, self.group.order)
        )
        coefficients = ops.reshape(
            ops.transpose(encoded, (0, 2, 1, 3)), (-1, rows, self.group.order)
        )
        outputs = ops.matmul(ops.transpose(features, (0, 2, 1)), coefficients)
        size = self.output_size
        return ops.reshape(outputs, (-1, size, size, *self.group.axis_shape))

    def features(self, inputs):
        """What every block makes of every channel of the inputs.

        Args:
            inputs: Tensor, as in a call of the layer.

        Returns:
            Tensor of shape `(batch, |G_in|·channels·blocks, m²)`.
        """
        maps = self.elements_in * inputs.shape[-1]
        pixels = ops.reshape(inputs, (-1, self.image_size**2, maps))
        rows = ops.reshape(ops.transpose(pixels, (0, 2, 1)), (-1, self.image_size**2))
        for depth, layer in enumerate(self.block_layers):
            rows = layer(rows)
            if depth == 0:
                rows = ops.reshape(rows, (-1, self.blocks, layer.units // self.blocks))
        return ops.reshape(rows, (-1, maps * self.blocks, self.output_size**2))

    def coefficients(self, kernel):
        """The mixing coefficients that encode a kernel.

        Args:
            kernel: Tensor, as in a call of the layer.

        Returns:
            Tensor of shape `(|G_in|·channels·blocks, |G|·filters)`.
        """
        channels, filters = kernel.shape[-2:]
        entries = ops.reshape(kernel, (self.kernel_entries, channels, filters))
        encoded = self.encoder(ops.transpose(entries, (1, 2, 0)))
        encoded = ops.reshape(
            encoded,
            (channels, filters, self.blocks, self.elements_in, self.group.order),
        )
        return ops.reshape(
            ops.transpose(encoded, (3, 0, 2, 4, 1)),
            (-1, self.group.order * filters),
        )

    def recipe(self, images_per_step=None, kernels_per_step=None) -> Recipe:
        """How this student is best trained.

        Args:
            images_per_step: Integer, or `None` for the best number.
            kernels_per_step: Integer, or `None` for the best number.

        Raises:
            ValueError: If a count is given that is not a positive integer.
        """
        for name, count in (
            ("images_per_step", images_per_step),
            ("kernels_per_step", kernels_per_step),
        ):
            if count is not None:
                positive_integer(name, count)
        make = linear_recipe if self.is_linear else stacked_recipe
        return make(self, images_per_step, kernels_per_step)

    def step_sizes(self, recipe: Recipe) -> list[float]:
        """The factor for the gradient of each of `trainable_weights`."""
        encoder = self.encoder.kernel.path
        return [
            recipe.encoder_step if weight.path == encoder else recipe.block_step
            for weight in self.trainable_weights
        ]

    def input_shapes(self, channels=(), filters=()):
        """Shapes of one input and one kernel, without the batch.

        Args:
            channels: Tuple, what stands for the input channels.
            filters: Tuple, what stands for the filters.

        Returns:
            Pair of tuples, the shape of an input and of a kernel.
        """
        n, k = self.image_size, self.kernel_size
        return (
            (n, n, *self.group_in, *channels),
            (k, k, *self.group_in, *channels, *filters),
        )

    def compute_output_shape(self, inputs_shape, kernel_shape):
        self._check(inputs_shape, kernel_shape)
        size = self.output_size
        return (
            inputs_shape[0],
            size,
            size,
            *self.group.axis_shape,
            kernel_shape[-1],
        )

    def get_config(self):
        config = super().get_config()
        config.update(
            group=self.group.name,
            lifting=self.lifting,
            image_size=self.image_size,
            kernel_size=self.kernel_size,
            padding=self.padding,
            blocks=self.blocks,
            hidden_units=list(self.hidden_units),
            activation=keras.activations.serialize(self.activation),
            seed=self.seed,
        )
        return config

    def _check(self, inputs_shape, kernel_shape):
        image, kernel = self.input_shapes(("channels",), ("filters",))
        for name, shape, expected in (
            ("inputs", tuple(inputs_shape), ("batch", *image)),
            ("kernel", tuple(kernel_shape), kernel),
        ):
            fits = len(shape) == len(expected) and all(
                isinstance(e, str) or s == e for s, e in zip(shape, expected)
            )
            if not fits:
                raise ValueError(
                    f"This student takes {name} of shape {_shape(expected)}. "
                    f"Received: {name} of shape {shape}"
                )
        if inputs_shape[-1] != kernel_shape[-2]:
            raise ValueError(
                "Inputs and kernel must have the same number of channels. Received: "
                f"inputs of shape {tuple(inputs_shape)}, "
                f"kernel of shape {tuple(kernel_shape)}"
            )


def _shape(sizes) -> str:
    return f"({', '.join(str(size) for size in sizes)})"

"""Students that mix points by an MLP, and then blocks by another."""

import keras
from keras import ops

from symclone_tf.checks import positive_integer
from symclone_tf.students.base import Student

# Channels that points are mixed in, for each block.
CHANNELS_PER_BLOCK = 4


@Student.register("mixer")
class MixerStudent(Student):
    """Points mixed by an MLP, then blocks mixed by an MLP.

    One layer of an MLP-Mixer. Each point's number is laid out in channels, by weights
    of the point, as an embedding of where it is; an MLP from all input points to all
    output points, the same for every channel, mixes points; another from channels to
    blocks, the same at every output point, mixes these. No weight is there for a pair
    of points in a block: where Dense blocks take blocks·n·m weights, it takes about
    h·(n + m).

    Args:
        teacher: `Teacher`, whose sizes the student takes.
        blocks: Integer, the number of blocks; `None` for the teacher's rank.
        hidden_units: Pair of integers, the hidden units of the MLP of points, and the
            channels, which are hidden units of the MLP of blocks too; `None` for as
            many as input points, and four for each block.
        activation: Activation of the hidden layers, or its name.
        seed: Integer, for the initial weights; `None` for a random one.
        **kwargs: `name`, `trainable`, `dtype`.

    {shared by all students}

    Raises:
        ValueError: If a count is not a positive integer, if there are not two hidden
            layers, or if inputs and kernel have other shapes than the teacher's.
        TypeError: If the teacher is none.

    Example:

    >>> student = MixerStudent(ConvTeacher("c4", image_size=8), seed=0)
    >>> x = keras.random.normal((2, 8, 8, 1))
    >>> student(x, keras.random.normal((3, 3, 1, 5))).shape
    TensorShape([2, 6, 6, 4, 5])

    Reference:

    - [Tolstikhin et al., 2021](https://arxiv.org/abs/2105.01601), section 2
    """

    def __init__(
        self,
        teacher,
        blocks=None,
        hidden_units=None,
        activation="relu",
        seed=None,
        **kwargs,
    ):
        super().__init__(teacher, blocks, seed, **kwargs)
        default = (teacher.positions_in, CHANNELS_PER_BLOCK * self.blocks)
        hidden_units = default if hidden_units is None else tuple(hidden_units)
        if len(hidden_units) != 2:
            raise ValueError(
                "`hidden_units` of a mixer must be two, for points and for channels. "
                f"Received: hidden_units={hidden_units}"
            )
        self.hidden_units = tuple(
            positive_integer("hidden_units", units) for units in hidden_units
        )
        self.activation = keras.activations.get(activation)
        self.parts = self._parts()

    def _parts(self):
        """What embeds, what mixes points, and what mixes channels into blocks."""
        hidden, channels = self.hidden_units
        seeds = [None if self.seed is None else self.seed + k + 1 for k in range(4)]
        options, act = self.options_of_parts, self.activation
        he = [keras.initializers.HeNormal(seed=seed) for seed in seeds]
        normal = keras.initializers.RandomNormal(stddev=1.0, seed=seeds[0])
        points = self.teacher.positions_out
        return [
            keras.layers.EinsumDense(
                "nq,qc->ncq",
                (channels, self.teacher.positions_in),
                kernel_initializer=normal,
                name="positions",
                **options,
            ),
            keras.layers.Dense(
                hidden, act, kernel_initializer=he[1], name="points_0", **options
            ),
            keras.layers.Dense(
                points, kernel_initializer=he[2], name="points_1", **options
            ),
            keras.layers.Dense(
                channels, act, kernel_initializer=he[3], name="blocks_0", **options
            ),
            # No bias: what no kernel asks for is nothing.
            keras.layers.Dense(
                self.blocks,
                use_bias=False,
                kernel_initializer="zeros",
                name="blocks_1",
                **options,
            ),
        ]

    def build_blocks(self):
        hidden, channels = self.hidden_units
        positions_in = self.teacher.positions_in
        widths = (positions_in, positions_in, hidden, channels, channels)
        for layer, width in zip(self.parts, widths, strict=True):
            layer.build((None, width))

    def block_outputs(self, rows):
        embed, *mix_points, first, last = self.parts
        channels = embed(rows)
        for layer in mix_points:
            channels = layer(channels)
        blocks = last(first(ops.transpose(channels, (0, 2, 1))))
        return ops.transpose(blocks, (0, 2, 1))

    @property
    def block_parameters(self) -> int:
        hidden, channels = self.hidden_units
        positions_in, positions_out = (
            self.teacher.positions_in,
            self.teacher.positions_out,
        )
        mixing_points = (positions_in + 1) * hidden + (hidden + 1) * positions_out
        mixing_blocks = (channels + 1) * channels + channels * self.blocks
        return positions_in * channels + mixing_points + mixing_blocks

    @property
    def block_operations(self) -> int:
        hidden, channels = self.hidden_units
        positions_in, positions_out = (
            self.teacher.positions_in,
            self.teacher.positions_out,
        )
        mixing_points = positions_in + (positions_in + positions_out) * hidden
        return channels * (mixing_points + positions_out * (channels + self.blocks))

    @property
    def features_per_map(self) -> int:
        hidden, channels = self.hidden_units
        positions_in, positions_out = (
            self.teacher.positions_in,
            self.teacher.positions_out,
        )
        return (
            channels * (positions_in + hidden + 2 * positions_out)
            + super().features_per_map
        )

    @property
    def traits(self) -> list[str]:
        traits = super().traits
        default = (self.teacher.positions_in, CHANNELS_PER_BLOCK * self.blocks)
        if self.hidden_units != default:
            traits.append("h" + "x".join(map(str, self.hidden_units)))
        if self.activation is not keras.activations.relu:
            traits.append(self.activation.__name__)
        return traits

    def plain_parameters(self, maps):
        return self.block_parameters

    def plain_blocks(self, maps):
        points, channels = self.teacher.positions_out, self.hidden_units[1]
        embed, *others = self.parts
        plain = keras.layers.EinsumDense(
            "nmq,qc->nmcq", (maps, channels, self.teacher.positions_in), name=embed.name
        )
        copies = [
            keras.layers.Dense.from_config({**layer.get_config(), "trainable": True})
            for layer in others
        ]
        values = [layer.get_weights() for layer in self.parts]
        return [
            (plain, values[0]),
            *zip(copies[:2], values[1:3]),
            (keras.layers.Permute((1, 3, 2)), []),
            *zip(copies[2:], values[3:]),
            (keras.layers.Permute((1, 3, 2)), []),
            (keras.layers.Reshape((maps * self.blocks, points)), []),
        ]

    def get_config(self):
        config = super().get_config()
        config.update(
            hidden_units=list(self.hidden_units),
            activation=keras.activations.serialize(self.activation),
        )
        return config

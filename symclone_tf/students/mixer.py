"""Students that mix positions by an MLP, and then channels by another."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from symclone_tf.checks import positive_integer
from symclone_tf.students.base import Student
from symclone_tf.students.inner_layers import Dense, EinsumDense, InnerLayer
from symclone_tf.students.interfaces import PlainLayers
from symclone_tf.teachers import Teacher
from symclone_tf.types import Tensor

# The default number of channels, for each block.
CHANNELS_PER_BLOCK = 4


@Student.register("mixer")
class MixerStudent(Student):
    """Positions mixed by an MLP, then channels mixed to blocks by an MLP.

    One layer of an MLP-Mixer. The value at each input position is multiplied by the
    position's learned embedding, to channels. An MLP from all input positions to all
    output positions, the same for every channel, mixes positions; another from
    channels to blocks, the same at every output position, mixes channels. No block has
    a weight for each pair of positions: where Dense blocks take blocks·n·m weights,
    these take about h·(n + m).

    Args:
        teacher: `Teacher`, whose sizes the student takes.
        blocks: Integer, the number of blocks; `None` for the teacher's rank.
        hidden_units: Pair of integers, the hidden units of the MLP over positions, and
            the channels, also the hidden units of the MLP over channels; `None` for
            the number of input positions, and four for each block.
        activation: Activation of the hidden layers, or its name.
        seed: Integer, for the initial weights; `None` for a random one.
        **kwargs: `name`, `trainable`, `dtype`.

    {shared by all students}

    Raises:
        ValueError: If a count is not a positive integer, if there are not two hidden
            layers, or if inputs and kernel have other shapes than the teacher's.
        TypeError: If `teacher` is not a `Teacher`.

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
        teacher: Teacher,
        blocks: int | None = None,
        hidden_units: Sequence[int] | None = None,
        activation: Any = "relu",
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(teacher, blocks, seed, **kwargs)
        default = (teacher.positions_in, CHANNELS_PER_BLOCK * self.blocks)
        hidden_units = default if hidden_units is None else tuple(hidden_units)
        if len(hidden_units) != 2:
            raise ValueError(
                "`hidden_units` of a mixer must be two, of positions and of channels. "
                f"Received: hidden_units={hidden_units}"
            )
        self.hidden_units = tuple(
            positive_integer("hidden_units", units) for units in hidden_units
        )
        self.activation = keras.activations.get(activation)
        self.parts = self._parts()

    def _parts(self) -> list[InnerLayer]:
        """The embedding, the MLP over positions, and the MLP over channels."""
        hidden, channels = self.hidden_units
        seeds = [None if self.seed is None else self.seed + k + 1 for k in range(4)]
        act = self.activation
        he = [keras.initializers.HeNormal(seed=seed) for seed in seeds]
        normal = keras.initializers.RandomNormal(stddev=1.0, seed=seeds[0])
        return [
            EinsumDense(
                "nq,qc->ncq",
                (channels, self.teacher.positions_in),
                kernel_initializer=normal,
                name="positions",
                student=self,
            ),
            Dense(hidden, act, kernel_initializer=he[1], name="points_0", student=self),
            Dense(
                self.teacher.positions_out,
                kernel_initializer=he[2],
                name="points_1",
                student=self,
            ),
            Dense(
                channels, act, kernel_initializer=he[3], name="blocks_0", student=self
            ),
            # No bias: outputs are linear in the kernel.
            Dense(
                self.blocks,
                use_bias=False,
                kernel_initializer="zeros",
                name="blocks_1",
                student=self,
            ),
        ]

    def build_blocks(self) -> None:
        hidden, channels = self.hidden_units
        positions_in = self.teacher.positions_in
        widths = (positions_in, positions_in, hidden, channels, channels)
        for layer, width in zip(self.parts, widths, strict=True):
            layer.build((None, width))

    def block_outputs(self, rows: Tensor) -> Tensor:
        embed, *mix_positions, first, last = self.parts
        channels = embed(rows)
        for layer in mix_positions:
            channels = layer(channels)
        blocks = last(first(ops.transpose(channels, (0, 2, 1))))
        return ops.transpose(blocks, (0, 2, 1))

    @property
    def block_parameters(self) -> int:
        hidden, channels = self.hidden_units
        size_in, size_out = self.teacher.positions_in, self.teacher.positions_out
        mixing_positions = (size_in + 1) * hidden + (hidden + 1) * size_out
        mixing_channels = (channels + 1) * channels + channels * self.blocks
        return size_in * channels + mixing_positions + mixing_channels

    @property
    def block_operations(self) -> int:
        hidden, channels = self.hidden_units
        size_in, size_out = self.teacher.positions_in, self.teacher.positions_out
        mixing_positions = size_in + (size_in + size_out) * hidden
        return channels * (mixing_positions + size_out * (channels + self.blocks))

    @property
    def features_per_map(self) -> int:
        hidden, channels = self.hidden_units
        size_in, size_out = self.teacher.positions_in, self.teacher.positions_out
        intermediate = channels * (size_in + hidden + 2 * size_out)
        return intermediate + super().features_per_map

    @property
    def traits(self) -> list[str]:
        traits = super().traits
        default = (self.teacher.positions_in, CHANNELS_PER_BLOCK * self.blocks)
        if self.hidden_units != default:
            traits.append("h" + "x".join(map(str, self.hidden_units)))
        if self.activation is not keras.activations.relu:
            traits.append(self.activation.__name__)
        return traits

    def plain_parameters(self, maps: int) -> int:
        return self.block_parameters

    def plain_blocks(self, maps: int) -> PlainLayers:
        positions, channels = self.teacher.positions_out, self.hidden_units[1]
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
            (keras.layers.Reshape((maps * self.blocks, positions)), []),
        ]

    def get_config(self) -> dict:
        config = super().get_config()
        config.update(
            hidden_units=list(self.hidden_units),
            activation=keras.activations.serialize(self.activation),
        )
        return config

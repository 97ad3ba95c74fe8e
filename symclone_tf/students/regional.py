"""Students whose blocks have weights of their own for each region of the outputs."""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from keras import ops

from symclone_tf.students.base import Student
from symclone_tf.students.interfaces import Operators
from symclone_tf.students.locally_connected import LocallyConnectedStudent
from symclone_tf.students.overlapping_parts import cut, joined, padded
from symclone_tf.students.receptive_fields import (
    receptive_field_size_of,
    receptive_fields_of,
)
from symclone_tf.students.regions import (
    at_positions,
    check_regions,
    parts_along,
    plane_of,
    region_numbers,
)
from symclone_tf.teachers import Teacher, convolve
from symclone_tf.types import Array, Tensor

# Regions along each axis, unless they would have fewer positions than the second.
DEFAULT_REGIONS, LEAST_POSITIONS = 4, 2
# The samples for which the cheaper way to compute is chosen, before a batch is known.
TYPICAL_BATCH = 8
# The most convolutions of one call.
MOST_CONVOLUTIONS = 512


@Student.register("regional")
class RegionalStudent(LocallyConnectedStudent):
    """Blocks with weights of their own for each region of the outputs.

    `φ_b(x)[p] = Σ_{v<r} W[t(p),v,b] · x[receptive_field(p)[v]]`, with t(p) the region
    of output position p, and W of shape `(regions, r, blocks)`. One region is a
    convolution, whatever W is; as many as positions are a `LocallyConnectedStudent`.
    Each region is computed as a convolution of its inputs with its kernel
    `K_t = Σ_b W[t,·,b] · α[b,…]`, at about the cost of one convolution of all.

    Regions are relative to the outputs: a student takes inputs of any size that its
    teacher could have. Where these have fewer outputs than regions, some are empty.

    Args:
        teacher: `Teacher` with `windows`: a `ConvTeacher` or a
            `TranslationConvTeacher`.
        regions: Integer, the number of regions along each axis of the outputs, or one
            for each axis, as `(rows, columns)`; `None` for 4, or fewer where these
            would have fewer than 2 positions along the axis.
        blocks: Integer, the number of blocks; `None` for the teacher's rank,
            the number that an exact copy needs: k² for a k×k convolution.
        seed: Integer, for the initial weights; `None` for a random one.
        **kwargs: `name`, `trainable`, `dtype`.

    {shared by all students}

    Raises:
        ValueError: If a count is not a positive integer, if there are more regions than
            outputs along an axis, if the teacher is no convolution, or if inputs and
            kernel have shapes that the teacher cannot have.
        TypeError: If `teacher` is not a `Teacher`.

    Example:

    >>> teacher = ConvTeacher("c4", image_size=28)
    >>> student = RegionalStudent(teacher, regions=(2, 2), seed=0)
    >>> x = keras.random.normal((2, 28, 28, 1))
    >>> student(x, keras.random.normal((3, 3, 1, 5))).shape
    TensorShape([2, 26, 26, 4, 5])
    >>> student.parameters  # a LocallyConnectedStudent has 55,080
    648
    >>> student(x[:, :20, :20], keras.random.normal((3, 3, 1, 5))).shape
    TensorShape([2, 18, 18, 4, 5])

    Reference:

    - [Elsayed et al., 2020](https://arxiv.org/abs/2002.02959), for weights between
      those of a convolution and of a locally connected layer
    """

    def __init__(
        self,
        teacher: Teacher,
        regions: int | tuple[int, ...] | list[int] | None = None,
        blocks: int | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        # Before receptive fields are looked for.
        if isinstance(teacher, Teacher) and teacher.windows is None:
            raise ValueError(
                "`student` regional is for convolutions, which ConvTeacher and "
                "TranslationConvTeacher are; local is for others. "
                f"Received: teacher {teacher.title}"
            )
        super().__init__(teacher, blocks, seed, **kwargs)
        if regions is None:
            regions = default_regions(teacher)
        self.regions = check_regions(teacher, regions)

    def build_blocks(self) -> None:
        self.region_weights = self.add_weight(
            name="blocks",
            shape=self._shape,
            initializer="zeros",
        )

    @property
    def _shape(self) -> tuple[int, int, int]:
        count = int(np.prod(self.regions))
        return count, receptive_field_size_of(self.teacher), self.blocks

    @property
    def block_parameters(self) -> int:
        return int(np.prod(self._shape))

    @property
    def block_operations(self) -> int:
        return self.teacher.positions_out * self._shape[1] * self.blocks

    @property
    def free_axes(self) -> int:
        return len(self.regions)

    @property
    def positions_per_weight(self) -> Array:
        return self._seen()[..., None]

    @property
    def _numbers(self) -> Array:
        """The region of each output position, for the teacher's size."""
        return region_numbers(plane_of(self.teacher), self.regions)

    @property
    def local_weights(self) -> Tensor:
        """Tensor of shape `(positions_out, r, blocks)`, weights at each position."""
        return at_positions(self.region_weights, plane_of(self.teacher), self.regions)

    @property
    def traits(self) -> list[str]:
        return [f"r{'x'.join(map(str, self.regions))}", *super().traits]

    def call(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        self.check_shapes(inputs.shape, kernel.shape)
        if self.block_parameters == self._shape[1] * self.blocks:
            return self.convolve(inputs, kernel)
        same = tuple(inputs.shape[1 : 1 + self.free_axes]) == self._sizes
        if same and not self.convolves(inputs.shape[-1], *kernel.shape[-2:]):
            return super().call(inputs, kernel)
        return self._convolved(inputs, kernel)

    @property
    def _sizes(self) -> tuple[int, ...]:
        return self.teacher.input_shape[: self.free_axes]

    def convolves(self, channels: int, in_channels: int, filters: int) -> bool:
        """Whether a call convolves each region, rather than compute the blocks.

        Kernels of regions are as many numbers as `regions · r · in_channels ·
        filters`, blocks' features as many as inputs, `r + blocks` times: small regions
        with many filters are cheaper as blocks.

        Args:
            channels: Integer, of the inputs.
            in_channels: Integer, of the kernel.
            filters: Integer, of the kernel.

        Returns:
            Boolean.
        """
        groups, count = channels // in_channels, self._shape[0]
        teacher = self.teacher
        maps_out = teacher.representation_out * filters // groups
        entries = teacher.representation_in * count * self._shape[1] * maps_out
        features = teacher.positions_out * (self._shape[1] + self.blocks)
        features *= TYPICAL_BATCH * teacher.representation_in
        # Each group of channels is a convolution of its own, but for depthwise ones.
        convolutions = count * (1 if in_channels == 1 else groups)
        return entries <= features and convolutions <= MOST_CONVOLUTIONS

    def _convolved(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        """Each region's inputs, convolved with the region's kernel."""
        teacher, windows = self.teacher, self.teacher.windows
        assert windows is not None  # refused by the constructor
        images, sizes = self.as_images(inputs)
        padding = [w.padding_of(size) for w, size in zip(windows, sizes)]
        if windows[0].padding != "valid":
            images = padded(images, padding)
        along = [parts_along(*axis) for axis in zip(windows, sizes, self.regions)]
        spans = [[part.inputs for part in axis] for axis in along]
        overlaps = [window.extent - window.stride for window in windows]
        banks = self.region_kernels(kernel)
        parts = [
            convolve(
                part,
                banks[np.ravel_multi_index([one.region for one in of], self.regions)],
                tuple(window.stride for window in windows),
                "valid",
                tuple(window.dilation_rate for window in windows),
                inputs.shape[-1] // kernel.shape[-2],
                teacher.representation_in,
                teacher.representation_out,
            )
            for part, of in zip(cut(images, spans, overlaps), itertools.product(*along))
        ]
        outputs = joined(parts, [[part.outputs for part in axis] for axis in along])
        return self.as_outputs(outputs, kernel.shape[-1])

    def region_kernels(self, kernel: Tensor) -> list[Tensor]:
        """The kernel of each region, `K_t`.

        Args:
            kernel: Tensor, as in a call of the layer.

        Returns:
            List of tensors of shape `(*kernel_size, representation_in · channels,
            representation_out · filters)`, the regions of the last axis one after
            another.
        """
        windows = self.teacher.windows or ()
        coefficients = self.coefficients_by_block(kernel)
        _, rows, columns = coefficients.shape
        coefficients = ops.reshape(coefficients, (self.blocks, -1))
        weights = ops.cast(self.region_weights, coefficients.dtype)
        weights = ops.reshape(weights, (-1, self.blocks))
        banks = ops.reshape(
            ops.matmul(weights, coefficients),
            (self._shape[0], *(window.size for window in windows), rows, columns),
        )
        return ops.unstack(banks, axis=0)

    def coordinates(self, operators: Operators) -> Iterator[tuple[None, Array]]:
        ((_, found),) = super().coordinates(operators)
        sums = np.zeros((self._shape[0], *found.shape[1:]))
        np.add.at(sums, self._numbers, found)
        # Weights of several positions: sums over them, of unit vectors.
        yield None, (sums / np.sqrt(self._seen())[..., None]).astype("float32")

    def assign_coordinates(self, pieces: Iterable[tuple[None, Tensor]]) -> None:
        ((_, values),) = pieces
        weights = np.zeros(self._shape, "float32")
        seen = np.sqrt(self._seen())[..., None]
        weights[:, :, : values.shape[-1]] = ops.convert_to_numpy(values) / seen
        self.region_weights.assign(weights)
        self.fill_unseen()

    def fill_unseen(self) -> None:
        """Sets weights that only meet padding to the mean of the other regions'.

        Neither solver determines them, and inputs of another size may need them.
        """
        inside = receptive_fields_of(self.teacher) >= 0
        seen = np.zeros(self._shape[:2], bool)
        np.logical_or.at(seen, self._numbers, inside)
        if seen.all():
            return
        weights = np.array(ops.convert_to_numpy(self.region_weights))
        sums = np.where(seen[..., None], weights, 0).sum(axis=0)
        means = sums / np.maximum(seen.sum(axis=0), 1)[:, None]
        self.region_weights.assign(np.where(seen[..., None], weights, means))

    def _seen(self) -> Array:
        """Array of shape `(regions, r)`: at how many positions a weight meets an input
        rather than padding, and 1 where at none."""
        inside = receptive_fields_of(self.teacher) >= 0
        counts = np.zeros(self._shape[:2])
        np.add.at(counts, self._numbers, inside)
        return np.maximum(counts, 1)

    def by_position(self, values: Array) -> Array:
        counts = np.bincount(self._numbers)
        return (values.sum(axis=(1, 2)) / counts)[self._numbers]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "regions": list(self.regions)}


def default_regions(teacher: Teacher) -> tuple[int, ...]:
    """The regions of a student that is given none.

    Args:
        teacher: `Teacher` with `windows`.

    Returns:
        Tuple of integers, one for each axis of the outputs.

    Example:

    >>> default_regions(ConvTeacher("t2", image_size=(64, 8)))
    (4, 3)
    """
    most = [max(1, count // LEAST_POSITIONS) for count in plane_of(teacher)]
    return tuple(min(DEFAULT_REGIONS, count) for count in most)

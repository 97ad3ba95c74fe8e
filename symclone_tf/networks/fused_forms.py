"""The forms of a layer with a fixed kernel, their costs, and the cheapest."""

import dataclasses
import math

import keras

from symclone_tf.students import RegionalStudent, Student, relative_receptive_field
from symclone_tf.students.regions import plane_of
from symclone_tf.teachers import Teacher, TransposedConvTeacher

FORMS = {
    "convolution": "one convolution",
    "regions": "a convolution for each region",
    "factored": "blocks and mixing",
    "dense": "one Dense layer",
}
# The layers that "convolution" is, besides padding and activation.
CONVOLUTION_LAYERS = (
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv3D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv2D,
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
)


@dataclasses.dataclass(frozen=True)
class Cost:
    """The cost of running a layer.

    Attributes:
        operations: Integer, floating-point operations per image.
        bytes: Integer, the size of the weights in float32.
    """

    operations: int
    bytes: int

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.operations + other.operations, self.bytes + other.bytes)

    def __lt__(self, other) -> bool:
        """Whether both figures are smaller."""
        return self.operations < other.operations and self.bytes < other.bytes

    def __str__(self) -> str:
        return f"{_short(self.operations)} operations and {_short(self.bytes)}B"


@dataclasses.dataclass(frozen=True)
class FusedLayer:
    """A layer with a fixed kernel, made of built-in Keras layers.

    Attributes:
        model: `keras.Model`, which does not need this package.
        form: String, `"convolution"` for one layer as `Conv2D`, `SeparableConv2D` or
            `Conv2DTranspose`; `"regions"` for a convolution for each region of the
            outputs; `"dense"` for one Dense layer from all input to all output
            positions; or `"factored"` for the student's blocks and their mixing
            coefficients.
        costs: Dictionary from the available forms to their `Cost`. Only linear blocks
            have the dense form, only translation equivariant blocks are a
            convolution, and only those of a `RegionalStudent` have regions. For a
            layer that takes images of any size, those of the student's size.
        student: String, the name of the clone that it was made from.
        channels: Integer, the number of input channels.
        filters: Integer, the number of output channels.
        lacking: String, why forms are not available; empty if all are.

    Example:

    >>> student, _ = clone("t2", image_size=6, solver="closed-form", verbose=0)
    >>> layer = ClonedConv2D(2, student)
    >>> layer.build((None, 6, 6, 1))
    >>> fused = fuse(layer)
    >>> fused.form, fused.cost < fused.costs["dense"]
    ('convolution', True)
    >>> [type(part).__name__ for part in fused.model.layers]
    ['Conv2D', 'Activation']
    """

    model: keras.Model
    form: str
    costs: dict[str, Cost]
    student: str
    channels: int
    filters: int
    lacking: str = ""

    @property
    def cost(self) -> Cost:
        """The cost of the layer in its form."""
        return self.costs[self.form]

    @property
    def reason(self) -> str:
        """Why the layer has its form, in one line."""
        others = [
            f"{FORMS[form]} would take {cost}"
            for form, cost in self.costs.items()
            if form != self.form
        ]
        parts = [f"{FORMS[self.form]} takes {self.cost}", *others]
        if self.lacking:
            parts.append(self.lacking)
        return "; ".join(parts)


def costs(
    student: Student,
    channels: int,
    filters: int,
    use_bias: bool = True,
    groups: int = 1,
) -> dict[str, Cost]:
    """The costs of the forms that a layer has.

    Args:
        student: `Student`, the layer's.
        channels: Integer, the number of input channels.
        filters: Integer, the number of output channels.
        use_bias: Boolean, whether the layer has a bias.
        groups: Integer, the layer's groups of channels. Only a depthwise convolution
            becomes cheaper: other forms multiply by zeros between groups.

    Returns:
        Dictionary with a `Cost` for `"convolution"` if the blocks are translation
        equivariant, which only a built student's can be; for `"regions"` if it is a
        `RegionalStudent`; for `"factored"` if the student has plain blocks; and for
        `"dense"` if they are linear.

    Example:

    >>> student = DenseStudent(ConvTeacher("c4", image_size=28))
    >>> both = costs(student, channels=1, filters=1)
    >>> both["dense"].operations < both["factored"].operations
    True
    """
    teacher, found = student.teacher, {}
    maps_in = teacher.representation_in * channels
    maps_out = teacher.representation_out * filters
    bias = maps_out if use_bias else 0
    if (size := _kernel_size(teacher)) is not None:
        transposed = isinstance(teacher, TransposedConvTeacher)
        positions = teacher.positions_in if transposed else teacher.positions_out
        bank = size * maps_in * maps_out
        if is_depthwise(student, channels, groups):
            bank //= channels
        if student.translation_equivariance().is_convolution:
            found["convolution"] = Cost(2 * bank * positions, 4 * (bank + bias))
        if isinstance(student, RegionalStudent):
            # Those of regions that have outputs.
            count = math.prod(map(min, student.regions, plane_of(teacher)))
            kernels = count * (bank + bias)
            found["regions"] = Cost(2 * bank * positions, 4 * kernels)
    # After mixed inputs, the blocks are one product without further parameters.
    first = student.mixes_inputs(channels, filters)
    blocks = student.block_parameters if first else student.plain_parameters(maps_in)
    if blocks is not None:
        mixing = maps_in * student.blocks * maps_out
        found["factored"] = Cost(
            2 * student.operations(channels, filters), 4 * (blocks + mixing + bias)
        )
    if student.is_linear:
        matrix = maps_in * teacher.positions_in * maps_out * teacher.positions_out
        found["dense"] = Cost(2 * matrix, 4 * (matrix + bias * teacher.positions_out))
    return found


def _kernel_size(teacher: Teacher) -> int | None:
    """The entries of the kernel of the convolution that translation equivariant blocks
    compute, for one pair of feature maps; `None` if there is no such convolution."""
    if isinstance(teacher, TransposedConvTeacher):
        return teacher.kernel_entries
    if teacher.windows is not None:
        return math.prod(window.size for window in teacher.windows)
    field = relative_receptive_field(teacher)
    return None if field is None else math.prod(field.dense_kernel.shape[:2])


def is_depthwise(student: Student, channels: int, groups: int) -> bool:
    """Whether a convolution with these groups is a `keras.layers.DepthwiseConv2D`."""
    teacher = student.teacher
    if not (channels == groups > 1):
        return False
    if not (teacher.representation_in == teacher.representation_out == 1):
        return False
    if (windows := teacher.windows) is not None:
        return len(windows) == 2 and windows[0].stride == windows[1].stride
    field = relative_receptive_field(teacher)
    return field is not None and field.strides[0] == field.strides[1]


def lacking(student: Student, found: dict[str, Cost], compute: str) -> str:
    """Why forms of a layer are not available.

    Args:
        student: `Student`, the layer's.
        found: Dictionary with the available forms.
        compute: String, `compute` of the layer.

    Returns:
        String, empty if all are available.
    """
    reasons = []
    if "dense" not in found:
        reasons.append("no matrix: its blocks are not linear")
    if "convolution" not in found:
        reason = student.translation_equivariance().reason
        reason = reason or 'compute="blocks" keeps the blocks'
        reasons.append(f"no convolution: {reason}")
    if "factored" not in found:
        reasons.append("no blocks: they have no plain form")
    return "; ".join(reasons)


def cheapest(found: dict[str, Cost]) -> str:
    """The first available form, unless a later one has fewer operations and bytes."""
    form, *others = (form for form in FORMS if form in found)
    for other in others:
        if found[other] < found[form]:
            form = other
    return form


def _short(count) -> str:
    """A count with a unit, to three digits.

    >>> _short(19_200_000)
    '19.2 M'
    """
    units = ["", "k", "M", "G", "T"]
    while count >= 1000 and len(units) > 1:
        count /= 1000
        del units[0]
    return f"{count:.3g} {units[0]}"

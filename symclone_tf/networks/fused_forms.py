"""What the forms of a layer with a fixed kernel take, and which is cheapest."""

import dataclasses
import math

import keras

from symclone_tf.students import relative_receptive_field

FORMS = {
    "convolution": "one convolution",
    "factored": "blocks and mixing",
    "dense": "one Dense layer",
}


@dataclasses.dataclass(frozen=True)
class Cost:
    """What it takes to run a layer.

    Attributes:
        operations: Integer, floating-point operations for one image.
        bytes: Integer, the size of the weights in float32.
    """

    operations: int
    bytes: int

    def __lt__(self, other) -> bool:
        """Whether both figures are lower."""
        return self.operations < other.operations and self.bytes < other.bytes

    def __str__(self) -> str:
        return f"{_short(self.operations)} operations and {_short(self.bytes)}B"


@dataclasses.dataclass(frozen=True)
class FusedLayer:
    """A layer with a fixed kernel, made of Keras' own layers.

    Attributes:
        model: `keras.Model`, which needs nothing of this package.
        form: String, `"convolution"` for one `Conv2D`; `"dense"` for one Dense
            layer from all input points to all output points; or `"factored"` for
            the student's blocks and their mixing coefficients.
        costs: Dictionary from the forms that the layer has to their `Cost`. Only
            linear blocks have the dense form, and only those that do the same
            everywhere are a convolution.
        student: String, the name of the clone that it was made of.
        channels: Integer, of its inputs.
        filters: Integer, the channels of its outputs.
        lacking: String, why it lacks a form; empty if it has all.

    Example:

    >>> student, _ = clone("t2", image_size=6, solver="closed-form", verbose=0)
    >>> layer = ClonedConv2D(2, student)
    >>> layer.build((None, 6, 6, 1))
    >>> fused = fuse(layer)
    >>> fused.form, fused.cost < fused.costs["dense"]
    ('convolution', True)
    >>> [type(part).__name__ for part in fused.model.layers]
    ['Reshape', 'Conv2D', 'Reshape', 'Activation']
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
        """What it takes to run this layer."""
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


def costs(student, channels, filters, use_bias=True, groups=1) -> dict[str, Cost]:
    """What the forms of a layer would take.

    Args:
        student: `Student`.
        channels: Integer, of the layer's inputs.
        filters: Integer, of the layer.
        use_bias: Boolean, of the layer.
        groups: Integer, of the layer's channels. Only a depthwise convolution
            gains by them: other forms multiply with zeros between them.

    Returns:
        Dictionary with a `Cost` for `"factored"` if the student has plain blocks;
        for `"dense"` if they are linear; and for `"convolution"` if they do the
        same everywhere, which only a built student's can.

    Example:

    >>> student = DenseStudent(ConvTeacher("c4", image_size=28))
    >>> both = costs(student, channels=1, filters=1)
    >>> both["dense"].operations < both["factored"].operations
    True
    """
    teacher, found = student.teacher, {}
    representation_in, representation_out = (
        teacher.representation_in * channels,
        teacher.representation_out * filters,
    )
    bias = representation_out if use_bias else 0
    # Mixed first, blocks are one product, and need nothing besides.
    first = student.mixes_inputs(channels, filters)
    blocks = (
        student.block_parameters
        if first
        else student.plain_parameters(representation_in)
    )
    if blocks is not None:
        mixing = representation_in * student.blocks * representation_out
        found["factored"] = Cost(
            2 * student.operations(channels, filters), 4 * (blocks + mixing + bias)
        )
    if student.translation_equivariance().is_convolution:
        seen = math.prod(relative_receptive_field(teacher).dense_kernel.shape[:2])
        bank = seen * representation_in * representation_out
        if is_depthwise(student, channels, groups):
            bank //= channels
        found["convolution"] = Cost(2 * bank * teacher.positions_out, 4 * (bank + bias))
    if student.is_linear:
        matrix = (
            representation_in
            * teacher.positions_in
            * representation_out
            * teacher.positions_out
        )
        found["dense"] = Cost(2 * matrix, 4 * (matrix + bias * teacher.positions_out))
    return found


def is_depthwise(student, channels, groups) -> bool:
    """Whether a convolution of so many groups is Keras' `DepthwiseConv2D`."""
    teacher, strides = (
        student.teacher,
        relative_receptive_field(student.teacher).strides,
    )
    alone = (
        channels == groups > 1
        and teacher.representation_in == teacher.representation_out == 1
    )
    return alone and strides[0] == strides[1]


def lacking(student, found, compute) -> str:
    """Why a layer has not all forms.

    Args:
        student: `Student`, the layer's.
        found: Dictionary with the forms that it has.
        compute: String, of the layer.

    Returns:
        String, empty if it has all.
    """
    reasons = []
    if "dense" not in found:
        reasons.append("no matrix: its blocks are not linear")
    if "convolution" not in found:
        why = (
            student.translation_equivariance().reason
            or 'compute="blocks" keeps the blocks'
        )
        reasons.append(f"no convolution: {why}")
    if "factored" not in found:
        reasons.append("no blocks: they have no plain form")
    return "; ".join(reasons)


def cheapest(found) -> str:
    """The first form, unless a later one takes less of everything."""
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

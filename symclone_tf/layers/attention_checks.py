"""What attention that begins as a convolution takes."""

import numbers
from typing import TYPE_CHECKING, Any

import numpy as np

from symclone_tf.students import RelativeAttentionStudent
from symclone_tf.types import Shape

if TYPE_CHECKING:
    from symclone_tf.layers.cloned_attention import ClonedAttention


def check_student(student: Any, anchor: str | None) -> int:
    """Refuses students whose heads are none of a grid's patches.

    Args:
        student: What should be a `RelativeAttentionStudent`.
        anchor: String, as of `ClonedConv2D`.

    Returns:
        Integer, the feature maps of its teacher: the number of group elements.

    Raises:
        TypeError: If it is no such student.
        ValueError: If its teacher has other outputs than inputs, or is not of two
            axes, or the anchor transforms inputs.
    """
    if not isinstance(student, RelativeAttentionStudent):
        raise TypeError(
            "`student` must be a RelativeAttentionStudent, as `clone` makes it with "
            "student='relative-attention'. "
            f"Received: student of type {type(student).__name__}"
        )
    teacher, (inputs, outputs) = student.teacher, student.sizes
    sizes = teacher.representation_in, teacher.representation_out
    if len(inputs) != 2 or inputs != outputs or sizes[0] != sizes[1]:
        raise ValueError(
            "`student` must be that of a convolution of images with padding='same', no "
            "strides and, on a group, lifting=False: as many outputs as inputs. "
            f"Received: a student of {teacher!r}"
        )
    if anchor == "transformed-inputs":
        raise ValueError(
            "`anchor` transformed-inputs is for convolutions; take decoupled-l2-sp. "
            f"Received: anchor={anchor}"
        )
    return sizes[0]


def check_content_share(value: Any) -> float:
    """Refuses a share that is none.

    Raises:
        ValueError: If it is no number from 0 to 1.
    """
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not number or not 0 <= value <= 1:
        raise ValueError(
            "`content_share` must be a number from 0 to 1. "
            f"Received: content_share={value}"
        )
    return float(value)


def check_prefix_tokens(value: Any) -> int:
    """Refuses a number of tokens that is none.

    Raises:
        ValueError: If it is no integer from 0.
    """
    if not isinstance(value, (int, np.integer)) or value < 0 or value is True:
        raise ValueError(
            "`prefix_tokens` must be an integer from 0: 1 with a class token. "
            f"Received: prefix_tokens={value}"
        )
    return int(value)


def check_same(query: Any, **others: Any) -> None:
    """Refuses attention to other tokens than the layer's own.

    Raises:
        ValueError: If a value or key is another tensor than the query.
    """
    for name, other in others.items():
        if other is not None and other is not query:
            raise ValueError(
                f"`{name}` must be the same tensor as `query`: the layer is "
                f"self-attention. Received: another {name}"
            )


def token_shape(layer: "ClonedAttention", shape: Shape) -> Any:
    """Refuses inputs that are no tokens of a layer's grid.

    Args:
        layer: `ClonedAttention`.
        shape: Tuple, the shape of its inputs.

    Returns:
        Tuple, the shape.

    Raises:
        ValueError: If it is another than that of the grid's patches.
    """
    shape, (grid, _) = tuple(shape), layer.student.sizes
    count, channels = layer.group_size, shape[-1]
    accepted: list[Shape] = [(layer.tokens,)]
    if not layer.prefix_tokens:
        accepted.append(grid)
    if shape[1:-1] not in accepted or channels is None or channels % count:
        shapes = [("batch", *each, "channels") for each in accepted]
        one_of = " or ".join(f"({', '.join(map(str, each))})" for each in shapes)
        of_group = f", with a multiple of {count} channels"
        raise ValueError(
            f"Layer {layer.name!r} takes inputs of shape {one_of}"
            f"{of_group if count > 1 else ''}. "
            f"Received: inputs of shape {shape}"
        )
    return shape

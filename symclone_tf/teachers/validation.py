"""Validation of functions as teachers, by evaluating them."""

import contextlib
import math
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from keras import ops

from symclone_tf.backends import backend
from symclone_tf.checks import positive_integer
from symclone_tf.teachers.evaluation import (
    check_outputs,
    evaluate,
    outputs_differ,
    random_inputs_and_kernel,
)
from symclone_tf.teachers.precision import full_float32
from symclone_tf.types import Tensor

if TYPE_CHECKING:
    from symclone_tf.teachers.function_teacher import FunctionTeacher


def check_function(teacher: "FunctionTeacher") -> None:
    """Refuses a function that cannot be cloned, in one line, before any work.

    Args:
        teacher: `FunctionTeacher`.

    Raises:
        ValueError: If its function fails, does not sum over channels, cannot be
            compiled, or its outputs have another shape, are not finite, are all zero,
            or change from call to call.
    """
    inputs, kernel = map(ops.convert_to_tensor, random_inputs_and_kernel(teacher))
    with _one_line_errors(teacher), full_float32():
        # Eagerly first, since errors of compiled functions are long.
        if teacher.per_channel:
            channel = inputs[..., 0], kernel[..., 0, 0]
            first, second = (teacher.function(*channel) for _ in range(2))
            _check_deterministic(teacher, first, second)
        else:
            teacher.function(inputs, kernel)
        compiled = backend().compiled(teacher.evaluate)(inputs, kernel)
    check_outputs(teacher)
    if outputs_differ(compiled, evaluate(teacher, inputs, kernel)):
        raise ValueError(
            "`function` must have the same outputs when it is compiled. "
            f"Received: other outputs, of {teacher.title}"
        )
    if not teacher.per_channel:
        _check_channels(teacher)


@contextlib.contextmanager
def _one_line_errors(teacher: "FunctionTeacher") -> Iterator[None]:
    """Turns any error of a function into a ValueError of one line, which says what
    arguments it must take."""
    try:
        yield
    except _NotDeterministic as error:
        raise ValueError(str(error)) from None
    except Exception as error:
        line = " ".join(str(error).split())[:200]
        inputs = ["batch", *map(str, teacher.input_shape)]
        kernel = [*map(str, teacher.kernel_shape)]
        if not teacher.per_channel:
            inputs += ["channels"]
            kernel += ["channels", "filters"]
        raise ValueError(
            f"`function` must take inputs of shape ({', '.join(inputs)}) and a kernel "
            f"of shape ({', '.join(kernel)}), also when it is compiled. "
            f"Received: {type(error).__name__}: {line}"
        ) from error


class _NotDeterministic(Exception):
    """Outputs that change from call to call."""


def _check_deterministic(
    teacher: "FunctionTeacher", first: Tensor, second: Tensor
) -> None:
    if outputs_differ(second, first):
        raise _NotDeterministic(
            "`function` must have the same outputs for the same inputs and kernel. "
            f"Received: outputs that change from call to call, of {teacher.title}"
        )


def _check_channels(teacher: "FunctionTeacher") -> None:
    inputs, kernel = random_inputs_and_kernel(teacher, channels=2, filters=3)
    with _one_line_errors(teacher):
        outputs = teacher.evaluate(*map(ops.convert_to_tensor, (inputs, kernel)))

    def of_pair(c: int, o: int):
        return evaluate(
            teacher, inputs[..., c : c + 1], kernel[..., c : c + 1, o : o + 1]
        )

    filters = [of_pair(0, o) + of_pair(1, o) for o in range(3)]
    expected = np.concatenate(filters, axis=-1)
    if tuple(outputs.shape) != expected.shape or outputs_differ(outputs, expected):
        raise ValueError(
            "`function` must sum over channels and treat each filter on its own; or "
            "take one channel and one filter, with `per_channel=True`. Received: other "
            f"outputs for two channels and three filters, of {teacher.title}"
        )


def as_shape(name: str, value: int | tuple[int, ...] | list[int]) -> tuple[int, ...]:
    """A shape, from one integer or several.

    Raises:
        ValueError: If they are not positive integers.
    """
    shape = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    if any(type(size) is not int or size < 1 for size in shape):
        raise ValueError(
            f"`{name}` must be a positive integer, or a tuple of them. "
            f"Received: {name}={value}"
        )
    return shape


def representation_and_positions(
    side: str, representation: int, shape: tuple[int, ...]
) -> tuple[int, int]:
    """The size of a representation, and the number of positions of a shape.

    Args:
        side: String, `"in"` or `"out"`.
        representation: Integer, the size of the representation.
        shape: Tuple of integers, of inputs or outputs.

    Raises:
        ValueError: If the shape's entries are not a multiple of the size.
    """
    positive_integer(f"representation_{side}", representation)
    entries = math.prod(shape)
    if entries % representation:
        raise ValueError(
            f"`representation_{side}` must divide the {entries} entries of "
            f"`{side}put_shape`. Received: representation_{side}={representation}"
        )
    return representation, entries // representation


def artifact_name(function: Callable[..., Tensor], name: str | None = None) -> str:
    """A name for artifacts: the function's unless one is given.

    Raises:
        ValueError: If the given name is not accepted.
    """
    if name is None:
        name = getattr(function, "__name__", type(function).__name__)
        name = re.sub(r"[^a-zA-Z0-9]+", "-", name).strip("-") or "function"
    if not isinstance(name, str) or not re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9-]*", name):
        raise ValueError(
            "`name` must consist of letters, digits and hyphens, and not begin with a "
            f"hyphen. Received: name={name}"
        )
    return name

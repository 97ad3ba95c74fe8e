"""Refuses functions that are none of inputs and a kernel, by trying them."""

import contextlib
import math
import re

import numpy as np
import tensorflow as tf
from keras import ops

from symclone_tf.checks import positive_integer
from symclone_tf.teachers.evaluation import (
    check_outputs,
    differ,
    drawn,
    evaluated,
    full_float32,
)


def check_function(teacher) -> None:
    """Refuses what cannot be cloned, in one line, before any work.

    Args:
        teacher: `FunctionTeacher`.

    Raises:
        ValueError: If its function fails, does not sum over channels, cannot be
            compiled, or gives answers of another shape, that are not finite, all
            zero, or change from call to call.
    """
    inputs, kernel = map(ops.convert_to_tensor, drawn(teacher))
    with _in_one_line(teacher), full_float32():
        # As it is, before it is compiled, whose errors are long.
        if teacher.per_channel:
            one = inputs[..., 0], kernel[..., 0, 0]
            _check_same(teacher, *(teacher.function(*one) for _ in range(2)))
        else:
            teacher.function(inputs, kernel)
        compiled = tf.function(teacher.answer)(inputs, kernel)
    check_outputs(teacher)
    if differ(compiled, evaluated(teacher, inputs, kernel)):
        raise ValueError(
            "`function` must answer alike when it is compiled. "
            f"Received: other answers, of {teacher.title}"
        )
    if not teacher.per_channel:
        _check_channels(teacher)


@contextlib.contextmanager
def _in_one_line(teacher):
    """Whatever a function raises, with what it has to take."""
    try:
        yield
    except _Changing as error:
        raise ValueError(str(error)) from None
    except Exception as error:
        line = " ".join(str(error).split())[:200]
        inputs, kernel = ("batch", *teacher.input_shape), teacher.kernel_shape
        if not teacher.per_channel:
            inputs, kernel = (*inputs, "channels"), (*kernel, "channels", "filters")
        inputs, kernel = (", ".join(map(str, shape)) for shape in (inputs, kernel))
        raise ValueError(
            f"`function` must take inputs of shape ({inputs}) and a kernel of shape "
            f"({kernel}), also when it is compiled. Received: {type(error).__name__}: "
            f"{line}"
        ) from error


class _Changing(Exception):
    """Answers that change from call to call."""


def _check_same(teacher, first, again) -> None:
    if differ(again, first):
        raise _Changing(
            "`function` must give the same answers whenever it is asked the same. "
            f"Received: answers that change from call to call, of {teacher.title}"
        )


def _check_channels(teacher) -> None:
    inputs, kernel = drawn(teacher, channels=2, filters=3)
    with _in_one_line(teacher):
        answers = teacher.answer(*map(ops.convert_to_tensor, (inputs, kernel)))
    expected = [
        sum(
            evaluated(
                teacher, inputs[..., c : c + 1], kernel[..., c : c + 1, o : o + 1]
            )
            for c in range(2)
        )
        for o in range(3)
    ]
    expected = np.concatenate(expected, axis=-1)
    if tuple(answers.shape) != expected.shape or differ(answers, expected):
        raise ValueError(
            "`function` must sum over channels, and answer each filter for itself, or "
            "know one of each and be made with `per_channel`. Received: other answers "
            f"to two channels and three filters, of {teacher.title}"
        )


def shape_of(name, value) -> tuple[int, ...]:
    """A shape, of one integer or several.

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


def representation_and_positions(side, maps, shape) -> tuple[int, int]:
    """Maps, and the points that a shape has of each.

    Raises:
        ValueError: If it has none of each.
    """
    positive_integer(f"representation_{side}", maps)
    entries = math.prod(shape)
    if entries % maps:
        raise ValueError(
            f"`representation_{side}` must divide the {entries} entries of `{side}put_shape`. "
            f"Received: representation_{side}={maps}"
        )
    return maps, entries // maps


def name_of(function, name=None) -> str:
    """A name for artifacts, the function's unless it is given.

    Raises:
        ValueError: If it is none.
    """
    if name is None:
        name = getattr(function, "__name__", type(function).__name__)
        name = re.sub(r"[^a-zA-Z0-9]+", "-", name).strip("-") or "function"
    if not isinstance(name, str) or not re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9-]*", name):
        raise ValueError(
            "`name` must be of letters, digits and hyphens, and begin with no hyphen. "
            f"Received: name={name}"
        )
    return name

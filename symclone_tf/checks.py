"""Checks of arguments, each with one error message."""

import math
import operator
from collections.abc import Iterable
from typing import Any


def integer_of(value: Any) -> int | None:
    """An integer, also one of NumPy, as Python's; `None` for what is none, as booleans.

    >>> import numpy as np
    >>> integer_of(np.int64(3)), integer_of(3.0), integer_of(True)
    (3, None, None)
    """
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def positive_integer(name: str, value: Any) -> int:
    """Returns `value` if it is a positive integer.

    Raises:
        ValueError: If it is not.
    """
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    if not is_integer or value < 1:
        # One of NumPy is printed as one that would be accepted.
        kind = "" if is_integer else f", of type {type(value).__name__}"
        raise ValueError(
            f"`{name}` must be a positive integer. Received: {name}={value}{kind}"
        )
    return value


def positive_number(name: str, value: Any) -> float:
    """Returns `value` as a float if it is positive and finite.

    Raises:
        ValueError: If it is not.
    """
    if not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise ValueError(
            f"`{name}` must be a positive, finite number. Received: {name}={value}"
        )
    return float(value)


def one_of(name: str, value: Any, accepted: Iterable[Any]) -> None:
    """Refuses values other than the accepted ones.

    Raises:
        ValueError: If `value` is none of them.
    """
    if value not in tuple(accepted):  # a tuple, since `value` may not be hashable
        raise ValueError(
            f"`{name}` must be one of {', '.join(map(str, accepted))}. "
            f"Received: {name}={value}"
        )


def positive_pair(name: str, value: Any) -> tuple[int, int]:
    """Returns a positive integer, or a pair of them, as a pair.

    Raises:
        ValueError: If it is neither.
    """
    pair = _integers(value, 2)
    if len(pair) != 2 or any(n < 1 for n in pair):
        raise ValueError(
            f"`{name}` must be a positive integer, or a pair of them. "
            f"Received: {name}={value}"
        )
    return pair[0], pair[1]


def integers_along_axes(
    name: str, value: Any, count: int, least: int = 1
) -> tuple[int, ...]:
    """Returns an integer for each axis, from one for all or as many.

    Args:
        name: String, the argument's name.
        value: Integer, or tuple, list or array of them.
        count: Integer, the number of axes.
        least: Integer, the smallest that is accepted, 0 or 1.

    Returns:
        Tuple of integers.

    Raises:
        ValueError: If there are others.
    """
    found = _integers(value, count)
    if len(found) != count or any(n < least for n in found):
        raise ValueError(
            f"`{name}` must be a {'positive' if least else 'non-negative'} integer, or "
            f"one for each axis, of which there are {count}. Received: {name}={value}"
        )
    return found


def several(value: Any) -> bool:
    """Whether a value is for each axis, a tuple, a list or an array, not for all."""
    return isinstance(value, (tuple, list)) or getattr(value, "ndim", 0) == 1


def _integers(value: Any, count: int) -> tuple[int, ...]:
    """A value for each of so many axes, −1 for what is no integer."""
    found = map(integer_of, value if several(value) else (value,) * count)
    return tuple(-1 if integer is None else integer for integer in found)


def one_or_two(pair: tuple[int, int]) -> int | list[int]:
    """A pair as in arguments and configurations: an integer if both are equal, else a
    list."""
    return pair[0] if pair[0] == pair[1] else list(pair)

"""Checks of arguments, each with one error message."""

import math
from collections.abc import Iterable
from typing import Any


def positive_integer(name: str, value: Any) -> int:
    """Returns `value` if it is a positive integer.

    Raises:
        ValueError: If it is not.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(
            f"`{name}` must be a positive integer. Received: {name}={value}"
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
    pair = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    if len(pair) != 2 or any(type(v) is not int or v < 1 for v in pair):
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
        value: Integer, or tuple or list of them.
        count: Integer, the number of axes.
        least: Integer, the smallest that is accepted, 0 or 1.

    Returns:
        Tuple of integers.

    Raises:
        ValueError: If there are others.
    """
    found = tuple(value) if isinstance(value, (tuple, list)) else (value,) * count
    if len(found) != count or any(type(v) is not int or v < least for v in found):
        raise ValueError(
            f"`{name}` must be a {'positive' if least else 'non-negative'} integer, or "
            f"one for each axis, of which there are {count}. Received: {name}={value}"
        )
    return found


def one_or_two(pair: tuple[int, int]) -> int | list[int]:
    """A pair as in arguments and configurations: an integer if both are equal, else a
    list."""
    return pair[0] if pair[0] == pair[1] else list(pair)

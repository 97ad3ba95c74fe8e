import math

import numpy as np
import pytest

from symclone_tf.checks import (
    integers_along_axes,
    one_of,
    positive_integer,
    positive_number,
    positive_pair,
)


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "3", None])
def test_positive_integer_refuses(value):
    with pytest.raises(ValueError, match=f"`blocks` must be.*blocks={value}"):
        positive_integer("blocks", value)


@pytest.mark.parametrize("value", [0, -0.1, math.inf, math.nan, "1"])
def test_positive_number_refuses(value):
    with pytest.raises(ValueError, match=f"`rate` must be.*rate={value}"):
        positive_number("rate", value)


def test_one_of_lists_the_accepted_values():
    with pytest.raises(ValueError, match=r"`kind` must be one of a, b\. .*kind=c"):
        one_of("kind", "c", ("a", "b"))


def test_accepted_values_pass():
    assert positive_integer("n", 3) == 3
    assert positive_number("x", 2) == 2.0
    one_of("kind", "a", ("a", "b"))


def test_integers_are_one_for_all_axes_or_one_for_each():
    assert integers_along_axes("size", 3, 2) == (3, 3)
    assert integers_along_axes("size", [3, 4], 2) == (3, 4)
    assert integers_along_axes("size", 0, 1, least=0) == (0,)
    with pytest.raises(ValueError, match="`size` must be a non-negative integer"):
        integers_along_axes("size", -1, 1, least=0)


def test_integers_of_numpy_become_those_of_python():
    three = np.int64(3)
    for value in (three, [three, three], np.array([3, 3])):
        for found in (positive_pair("size", value), integers_along_axes("n", value, 2)):
            assert found == (3, 3)
            assert set(map(type, found)) == {int}
    for value in (np.True_, np.float32(3), np.array([3.0, 3]), np.array([[3, 3]])):
        with pytest.raises(ValueError, match="`size` must be a positive integer"):
            positive_pair("size", value)
    with pytest.raises(ValueError, match=r"Received: size=3, of type int64"):
        positive_integer("size", three)


@pytest.mark.parametrize("value", [0, 2.0, True, "2", (2,), (2, 2, 2), (2, 0), ()])
def test_other_integers_along_axes_are_refused(value):
    expected = "`size` must be a positive integer, or one for each axis, of which .* 2"
    with pytest.raises(ValueError, match=expected):
        integers_along_axes("size", value, 2)

import math

import pytest

from symclone_tf.checks import one_of, positive_integer, positive_number


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

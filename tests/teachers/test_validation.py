"""Functions that cannot be cloned are refused in one line, before any work."""

import keras
import numpy as np
import pytest
from keras import ops

import symclone_tf as sc


def ring(inputs, kernel):
    positions = (np.arange(8)[:, None] + np.arange(3)) % 8
    return ops.einsum("npvc,vco->npo", ops.take(inputs, positions, axis=1), kernel)


def test_functions_of_one_channel_that_change_are_refused_too():
    def changing(inputs, kernel):
        return inputs * kernel[0] * np.random.normal()

    with pytest.raises(ValueError, match="change from call to call, of changing"):
        sc.FunctionTeacher(changing, 8, 3, 8, per_channel=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"function": 3}, "`function` must be a function"),
        (
            {"input_shape": 0},
            "`input_shape` must be a positive integer, or a tuple",
        ),
        ({"kernel_shape": (3, -1)}, "`kernel_shape` must be"),
        ({"output_shape": (8.0,)}, "`output_shape` must be"),
        ({"output_shape": 9}, r"real numbers of shape \(2, 9, 1\).*\(2, 8, 1\)"),
        ({"representation_in": 3}, "`representation_in` must divide the 8 entries"),
        ({"representation_out": 0}, "`representation_out` must be a positive integer"),
        ({"name": "a/b"}, "`name` must consist of letters, digits and hyphens"),
        (
            {"transformations": [1]},
            "`transformations` must be instances of Transformation.*type int",
        ),
    ],
)
def test_arguments_are_refused(change, message):
    options = {"function": ring, "input_shape": 8, "kernel_shape": 3}
    options |= {"output_shape": 8, **change}
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        sc.FunctionTeacher(**options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x, k: x / 0, "must be finite"),
        (lambda x, k: 0 * x, "not be all zero"),
        (lambda x, k: x + np.random.normal(), "change from call to call"),
        (lambda x, k: keras.random.normal(x.shape), "change from call to call"),
        (lambda x, k: x @ k, r"shape \(batch, 8, channels\).*Received: Invalid"),
        (lambda x, k: ops.cast(x, "int32"), "real numbers.*int32"),
        (lambda x, k: x * np.asarray(k[0, 0, 0]), "also when it is compiled"),
        (lambda x, k: x[..., :1] * k[0, 0], "sum over channels and treat each filter"),
    ],
)
def test_functions_are_refused(function, message):
    with pytest.raises(ValueError, match=message) as caught:
        sc.FunctionTeacher(function, 8, 3, 8)
    assert "\n" not in str(caught.value)

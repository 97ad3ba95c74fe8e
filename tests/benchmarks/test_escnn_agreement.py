"""Filters of regular fields are read in the order in which they are written."""

import numpy as np
import pytest

from benchmarks import escnn_agreement

from references import group_conv2d_loops

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("group", ["c4", "c8"])
def test_outputs_by_loops_agree(group, rng):
    order, size, into, out = int(group[1:]), 3, 3, 2
    kernel = rng.normal(size=(size, size, order, into, out))
    maps = rng.normal(size=(1, 6, 6, order, into))
    outputs = group_conv2d_loops(maps, kernel, group, "valid")
    filters = np.zeros((out, order, into, order, size, size))
    filters[:, 0] = kernel.transpose(4, 3, 2, 0, 1)
    arrays = filters, maps.transpose(0, 4, 3, 1, 2), outputs.transpose(0, 4, 3, 1, 2)
    found = escnn_agreement.compare(*(each.astype("float32") for each in arrays))
    assert found["difference"] < 1e-6
    assert found["our_weights_of_a_pair"] == {"c4": 36, "c8": 48}[group]
    swapped = arrays[0], arrays[1][:, :, ::-1], arrays[2]
    wrong = escnn_agreement.compare(*(each.astype("float32") for each in swapped))
    assert wrong["difference"] > 0.1


def test_the_page_names_layers_and_weights():
    row = {"rotations": 8, "kernel_size": 5, "difference": 0.0169}
    row |= {"our_weights_of_a_pair": 136, "weights_of_a_pair": 88.0}
    text = escnn_agreement.report({"machine": {"cores": 2}, "rows": [row]})
    assert "| C8 | 5×5 | 0.02 | 136 | 88 | 200 |" in text

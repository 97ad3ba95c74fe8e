"""The report of a layer counts what it and its clone take."""

import keras
import pytest
from keras import layers

import symclone_tf as sc


def report_of(layer, size=8):
    model = keras.Sequential([keras.Input((size, size, 2)), layer])
    relaxed, report = sc.relax(model, verbose=0)
    (row,) = report.layers
    assert row.weights == relaxed.layers[0].count_params()
    assert row.weights_before == layer.count_params()
    assert row.difference < 1e-5
    return row


def test_a_separable_convolution_is_counted_with_its_pointwise_part():
    row = report_of(layers.SeparableConv2D(5, 3, name="separable"))
    depthwise, pointwise = 36 * 9 * 2, 36 * 2 * 5
    assert (row.kind, row.channels, row.filters) == ("SeparableConv2D", 2, 5)
    assert row.operations_before == 2 * (depthwise + pointwise)
    assert row.operations > row.operations_before


@pytest.mark.parametrize("strides", [1, 2])
def test_a_transposed_convolution_multiplies_each_input_by_the_kernel(strides):
    row = report_of(layers.Conv2DTranspose(3, 2, strides=strides, name="up"))
    assert (row.kind, row.channels, row.filters) == ("Conv2DTranspose", 2, 3)
    assert row.operations_before == 2 * 64 * 4 * 2 * 3


def test_a_convolution_multiplies_each_output_by_the_kernel():
    row = report_of(layers.Conv2D(3, 3, padding="same", name="edges"))
    assert row.teacher == "T(2) 8×8"
    assert row.operations_before == 2 * 64 * 9 * 2 * 3

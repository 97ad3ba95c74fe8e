"""A convolution for each region, as built-in layers of Keras."""

import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.networks.fusion import fuse
from symclone_tf.networks.plain_layers import FixedKernel
from symclone_tf.networks.plain_regions import regional_convolutions
from symclone_tf.students import LocallyConnectedStudent
from symclone_tf.teachers import TranslationConvTeacher

from cases import later
from regional_layers import layer_of, trained

T2 = {
    "valid": ({}, {}),
    "same": ({"padding": "same"}, {}),
    "strided": ({"strides": 2}, {}),
    "strided same": ({"strides": 2, "padding": "same"}, {}),
    "strided beyond the kernel": ({"kernel_size": 1, "strides": 3}, {}),
    "dilated": ({"dilation_rate": 2, "padding": "same"}, {}),
    "rectangle": ({"image_size": (9, 12), "kernel_size": (2, 3)}, {}),
    "depthwise": ({"padding": "same"}, {"groups": 4}),
    "depthwise, unequal strides": ({"strides": (1, 2)}, {"groups": 4}),
    "groups": ({}, {"groups": 2}),
    "channels first": ({"padding": "same"}, {"data_format": "channels_first"}),
}
GROUPS = {
    "C4 lifting": ("c4", True, {}),
    "C4 group": ("c4", False, {}),
    "C4 group of channels, first": (
        *("c4", False),
        {"groups": 2, "data_format": "channels_first"},
    ),
    "D4 lifting": ("d4", True, {}),
    "D4 group": ("d4", False, {}),
}
AXES = {
    "signal": (16, {}),
    "causal": (16, {"padding": "causal", "dilation_rate": 2}),
    "strided signal": (17, {"padding": "same", "strides": 2}),
    "image": ((9, 10), {}),
    "volume": ((6, 7, 8), {}),
    "strided volume": ((6, 7, 8), {"padding": "same", "strides": 2}),
}
FEW = ("strided same", "depthwise", "channels first", "C4 group", "causal", "volume")


def made(case):
    """The teacher of a case, and the options of a layer."""
    if case in T2:
        geometry, options = T2[case]
        return sc.ConvTeacher("t2", **{"image_size": 9, **geometry}), options
    if case in GROUPS:
        group, lifting, options = GROUPS[case]
        return sc.ConvTeacher(group, 8, lifting=lifting), options
    shape, geometry = AXES[case]
    return TranslationConvTeacher(shape, **geometry), {}


def by_position(student, inputs, kernel):
    """Outputs of a local student with the same weights at each position."""
    local = LocallyConnectedStudent(student.teacher, student.blocks)
    local.build()
    local.local_weights.assign(student.local_weights)
    local.encoder.kernel.assign(student.encoder.kernel)
    return local(inputs, kernel)


@pytest.mark.parametrize(
    "case", [c if c in FEW else later(c) for c in (*T2, *GROUPS, *AXES)]
)
def test_regions_compute_what_their_weights_at_each_position_do(rng, case):
    teacher, options = made(case)
    student = trained(teacher, rng)
    layer = layer_of(student, rng, **options)
    fused = fuse(layer)
    assert fused.form == "regions"
    inputs = rng.normal(size=(3, *fused.model.input_shape[1:])).astype("float32")
    found, expected = np.array(fused.model(inputs)), np.array(layer(inputs))
    large = np.abs(expected).max()
    np.testing.assert_allclose(found, expected, atol=1e-5 * large)
    last, kernel = np.array(layer._to_last(inputs)), np.array(layer.kernel)
    expected = by_position(student, last, kernel) + np.array(layer.bias)
    expected = np.moveaxis(expected, -1, 1) if "first" in case else expected
    np.testing.assert_allclose(found, expected, atol=1e-5 * large)
    assert fused.cost.bytes == 4 * fused.model.count_params()


def test_regions_are_layers_of_keras_alone(rng):
    student = trained(sc.ConvTeacher("t2", 9, padding="same"), rng, regions=(2, 3))
    kernel = rng.normal(size=(3, 3, 2, 5)).astype("float32")
    bias = rng.normal(size=5).astype("float32")
    fixed = FixedKernel(student, kernel, (bias,), groups=1, sizes=(9, 9))
    ((model, weights),) = regional_convolutions(fixed)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds.count("Conv2D") == kinds.count("Cropping2D") == 6
    assert set(kinds) == {
        *("InputLayer", "ZeroPadding2D", "Cropping2D", "Conv2D", "Concatenate"),
    }
    modules = {type(layer).__module__.partition(".")[0] for layer in model.layers}
    assert modules == {"keras"}
    assert [w.shape for w in weights] == [w.shape for w in model.weights]


def test_regions_without_outputs_have_no_layers(rng):
    student = trained(sc.ConvTeacher("t2", 9), rng, regions=(4, 2))
    layer = layer_of(student, rng, size=(4, 7))  # 2×5 outputs
    fused = fuse(layer)
    kinds = [type(one).__name__ for one in fused.model.get_layer("regions").layers]
    assert kinds.count("Conv2D") == 4
    assert fused.costs["regions"].bytes == 4 * fused.model.count_params()
    images = rng.normal(size=(3, 4, 7, 4)).astype("float32")
    np.testing.assert_allclose(fused.model(images), layer(images), atol=1e-4)


def test_axes_of_one_region_are_not_cut(rng):
    student = trained(sc.ConvTeacher("t2", (8, 9)), rng, regions=(1, 2))
    kernel = rng.normal(size=(3, 3, 2, 5)).astype("float32")
    fixed = FixedKernel(student, kernel, (), groups=1, sizes=(8, 9))
    ((model, _),) = regional_convolutions(fixed)
    crops = [one for one in model.layers if type(one).__name__ == "Cropping2D"]
    # Of 8×9 inputs, and two halves of 7 columns of outputs with three inputs each.
    kept = sorted(9 - sum(columns) for _, columns in (c.cropping for c in crops))
    assert kept == [5, 6]
    assert {rows for rows, _ in (c.cropping for c in crops)} == {(0, 0)}
    joins = [one for one in model.layers if type(one).__name__ == "Concatenate"]
    assert [join.axis for join in joins] == [2]

import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.cloning.closed_form import solve
from symclone_tf.layers.cloned_conv2d import ClonedConv2D
from symclone_tf.networks.fusion import fuse

from cases import later
from clones import dense
from fused import FORMS, make


@pytest.mark.parametrize(("options", "form"), FORMS)
@pytest.mark.parametrize("batch", [later(1), 7])
def test_fused_layer_computes_what_the_layer_does(rng, options, form, batch):
    layer = make(rng, **options)
    fused = fuse(layer)
    assert fused.form == form
    images = rng.normal(size=(batch, *fused.model.input_shape[1:])).astype("float32")
    expected = np.asarray(layer(images))
    outputs = np.asarray(fused.model(images))
    np.testing.assert_allclose(outputs, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    "steps", [{}, {"strides": 2}, {"dilation_rate": 2}, {"kernel_size": 2}]
)
@pytest.mark.parametrize("kind", [sc.DenseStudent, sc.LocallyConnectedStudent])
def test_convolutions_of_any_geometry_are_fused_to_keras_convolutions(
    rng, kind, steps, padding
):
    student = kind(sc.ConvTeacher("t2", 9, padding=padding, **steps), seed=0)
    solve(student)
    layer = ClonedConv2D(4, student)
    layer.build((None, 9, 9, 2))
    layer.bias.assign(rng.normal(size=4))
    fused = fuse(layer)
    assert fused.form == "convolution"
    kinds = {type(part).__name__ for part in fused.model.layers}
    assert kinds - {"ZeroPadding2D"} == {"Reshape", "Conv2D", "Activation"}
    images = rng.normal(size=(3, 9, 9, 2)).astype("float32")
    np.testing.assert_allclose(fused.model(images), layer(images), atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("compute", ["auto", "blocks"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize(
    ("group", "lifting", "groups"),
    [("t2", True, 3), ("t2", True, 6), ("c4", True, 3), ("c4", False, 6)],
)
def test_groups_of_channels_are_fused(
    rng, group, lifting, groups, data_format, compute
):
    options = {"groups": groups, "data_format": data_format, "compute": compute}
    student = dense(group, lifting, 7, seed=0)
    solve(student)
    layer = ClonedConv2D(12, student, **options)
    shape = (6, *student.input_shapes()[0])
    if data_format == "channels_last":
        shape = (*shape[1:], 6)
    layer.build((None, *shape))
    for weight in layer.trainable_weights:
        weight.assign(rng.normal(size=weight.shape))
    fused = fuse(layer)
    assert (fused.channels, fused.filters) == (6, 12)
    depthwise = [k for k in fused.model.layers if "Depthwise" in type(k).__name__]
    expected = group == "t2" and groups == 6 and compute == "auto"
    assert len(depthwise) == expected
    assert fused.cost.bytes == 4 * fused.model.count_params()
    images = rng.normal(size=(2, *shape)).astype("float32")
    expected = np.asarray(layer(images))
    outputs = np.asarray(fused.model(images))
    np.testing.assert_allclose(outputs, expected, atol=1e-5 * np.abs(expected).max())


def test_blocks_that_are_not_translation_equivariant_stay_blocks(rng):
    layer = make(rng, filters=3)
    assert fuse(layer).form == "convolution"
    blocks = layer.student.block_weights[0]
    blocks.assign(blocks + 1e-4 * rng.normal(size=blocks.shape))
    layer.student.weights_changed()
    fused = fuse(layer)
    assert fused.form == "factored"
    assert "convolution" not in fused.costs
    assert "are not translation equivariant" in fused.reason


def test_layer_without_a_kernel_is_refused():
    layer = ClonedConv2D(1, dense("c4", image_size=7), name="new")
    with pytest.raises(ValueError, match=r"must be built.*new"):
        fuse(layer)

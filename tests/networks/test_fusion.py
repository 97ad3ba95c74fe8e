import numpy as np
import pytest
from untied import built, change, untied

import symclone_tf as sc
from symclone_tf.cloning.closed_form import solve
from symclone_tf.layers.cloned_conv2d import ClonedConv2D
from symclone_tf.networks.fusion import fuse

from cases import later
from clones import dense, solved
from fused import FORMS, make
from processors import NEEDS_CHANNELS_FIRST, NEEDS_TRANSPOSED_DILATED
from regional_layers import layer_of, trained


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
    assert kinds - {"ZeroPadding2D"} == {"Conv2D", "Activation"}
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


TRANSPOSED = {
    "plain": ("Conv2DTranspose", (5, 6, 2), {}),
    "U-Net's": ("Conv2DTranspose", (4, 5, 2), {"kernel_size": 2, "strides": 2}),
    "same": ("Conv2DTranspose", (4, 5, 2), {"strides": (2, 3), "padding": "same"}),
    "more": ("Conv2DTranspose", (4, 3, 2), {"strides": 3, "output_padding": (0, 2)}),
    "dilated": ("Conv2DTranspose", (5, 6, 2), {"dilation_rate": 2}),
    "signal": ("Conv1DTranspose", (7, 2), {"strides": 2, "padding": "same"}),
    "volume": ("Conv3DTranspose", (2, 3, 4, 2), {"kernel_size": 2, "strides": 2}),
}
FEW = ("same", "dilated", "signal")
NEEDS = {"dilated": NEEDS_TRANSPOSED_DILATED}
MOST = pytest.mark.parametrize(
    "case",
    [
        pytest.param(c, marks=NEEDS.get(c, ())) if c in FEW else later(c)
        for c in TRANSPOSED
    ],
)


@MOST
@pytest.mark.parametrize("options", [{}, later({"student": "dense"})])
def test_transposed_clones_become_transposed_convolutions_again(rng, case, options):
    kind, shape, geometry = TRANSPOSED[case]
    layer = built(kind, shape, activation="relu", **geometry)
    cloned = untied(layer, shape, symmetry="trainable", **options)
    assert cloned.computes_as() == "blocks"
    fused = fuse(cloned)
    assert fused.form == "convolution"
    first, *others = fused.model.layers
    assert type(first).__name__ == kind
    assert [type(part).__name__ for part in others] == ["Activation"]
    np.testing.assert_allclose(first.kernel, layer.kernel, atol=1e-5)
    inputs = rng.normal(size=(2, *shape)).astype("float32")
    np.testing.assert_allclose(fused.model(inputs), layer(inputs), atol=1e-4)
    assert fused.cost.bytes == 4 * fused.model.count_params()
    positions = np.prod(shape[:-1])
    assert fused.cost.operations == 2 * np.prod(layer.kernel.shape) * positions


@pytest.mark.slow
@MOST
def test_changed_transposed_clones_become_other_plain_layers(rng, case):
    kind, shape, geometry = TRANSPOSED[case]
    # With many filters blocks are the cheapest form, where they have a plain one.
    layer = built(kind, shape, filters=40, activation="relu", **geometry)
    cloned = untied(layer, shape, symmetry="trainable")
    change(cloned, rng)
    fused = fuse(cloned)
    assert fused.form == ("dense" if case == "volume" else "factored")
    assert "not translation equivariant" in fused.reason
    inputs = rng.normal(size=(2, *shape)).astype("float32")
    expected = np.array(cloned(inputs))
    assert np.abs(expected - layer(inputs)).max() > 0.1
    np.testing.assert_allclose(fused.model(inputs), expected, rtol=1e-4, atol=1e-4)
    assert fused.cost.bytes == 4 * fused.model.count_params()
    modules = {type(part).__module__.split(".")[0] for part in fused.model.layers}
    assert modules == {"keras"}


SEPARABLE = {
    "plain": ((7, 6, 3), {}),
    "same, strided": ((8, 7, 2), {"strides": 2, "padding": "same"}),
    "dilated, multiplied": ((7, 7, 2), {"dilation_rate": 2, "depth_multiplier": 3}),
    "one channel": ((6, 6, 1), {"depth_multiplier": 2, "use_bias": False}),
}


@pytest.mark.parametrize("case", SEPARABLE)
def test_separable_clones_become_separable_convolutions_again(rng, case):
    shape, geometry = SEPARABLE[case]
    layer = built("SeparableConv2D", shape, activation="relu", **geometry)
    cloned = untied(layer, shape, symmetry="trainable")
    fused = fuse(cloned)
    assert fused.form == "convolution"
    assert (fused.channels, fused.filters) == (shape[-1], 3)
    parts = fused.model.layers
    assert [type(part).__name__ for part in parts] == ["SeparableConv2D", "Activation"]
    for one, other in zip(parts[0].weights, layer.weights, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    images = rng.normal(size=(2, *shape)).astype("float32")
    np.testing.assert_allclose(fused.model(images), layer(images), atol=1e-4)
    assert fused.cost.bytes == 4 * fused.model.count_params()


@pytest.mark.parametrize(
    "options",
    [
        {"compute": "blocks"},
        pytest.param(
            {"data_format": "channels_first"},
            marks=[pytest.mark.slow, NEEDS_CHANNELS_FIRST],
        ),
        later({"student": "dense"}),
    ],
)
@pytest.mark.parametrize("case", [c if c == "plain" else later(c) for c in SEPARABLE])
def test_changed_separable_clones_become_blocks_and_a_convolution(rng, case, options):
    shape, geometry = SEPARABLE[case]
    options = dict(options)
    data_format = options.pop("data_format", "channels_last")
    if data_format == "channels_first":
        shape = (shape[-1], *shape[:-1])
    layer = built(
        *("SeparableConv2D", shape),
        **{"activation": "relu", "data_format": data_format, **geometry},
    )
    cloned = untied(layer, shape, symmetry="trainable", **options)
    if "compute" not in options:
        change(cloned, rng)
    fused = fuse(cloned)
    assert fused.form in ("factored", "dense")
    *_, convolution = (p for p in fused.model.layers if type(p).__name__ == "Conv2D")
    assert convolution.kernel_size == (1, 1)
    images = rng.normal(size=(2, *shape)).astype("float32")
    np.testing.assert_allclose(
        fused.model(images), cloned(images), rtol=1e-4, atol=1e-4
    )
    assert fused.cost.bytes == 4 * fused.model.count_params()


def test_a_fused_separable_layer_of_channels_first_is_one_convolution(rng):
    layer = built("SeparableConv2D", (2, 6, 7), data_format="channels_first")
    fused = fuse(untied(layer, (2, 6, 7)))
    kinds = [type(part).__name__ for part in fused.model.layers]
    assert kinds.count("SeparableConv2D") == 1
    images = rng.normal(size=(2, 2, 6, 7)).astype("float32")
    np.testing.assert_allclose(fused.model(images), layer(images), atol=1e-4)


@pytest.mark.parametrize("options", [{}, {"compute": "blocks"}])
def test_regions_that_differ_become_a_convolution_each(rng, options):
    layer = layer_of(trained(sc.ConvTeacher("c4", 9), rng), rng, **options)
    fused = fuse(layer)
    assert fused.form == "regions"
    assert fused.student == "c4-lifting-9x9-k3-regional-r2x2"
    assert fused.reason.startswith("a convolution for each region takes ")
    assert "no convolution: its blocks are not translation equiv" in fused.reason


def test_one_region_is_one_convolution_whatever_its_weights(rng):
    layer = layer_of(trained(sc.ConvTeacher("t2", 9), rng, regions=1), rng)
    fused = fuse(layer)
    assert [type(part).__name__ for part in fused.model.layers] == [
        *("Conv2D", "Activation"),
    ]
    images = rng.normal(size=(2, 9, 9, 4)).astype("float32")
    np.testing.assert_allclose(fused.model(images), layer(images), atol=1e-5)


def test_small_regions_with_many_filters_become_blocks(rng):
    """As the layer computes them: nine kernels for nine positions would be larger."""
    student = trained(sc.ConvTeacher("t2", 5), rng, regions=3)
    layer = layer_of(student, rng, channels=2, filters=200)
    assert not student.convolves(2, 2, 200)
    fused = fuse(layer)
    assert fused.form == "factored"
    assert fused.cost.bytes == 4 * fused.model.count_params()
    assert fused.cost.bytes < fused.costs["regions"].bytes / 2
    images = rng.normal(size=(2, 5, 5, 2)).astype("float32")
    np.testing.assert_allclose(fused.model(images), layer(images), rtol=1e-4, atol=1e-4)


def test_regional_separable_clones_become_depthwise_regions(rng):
    shape, geometry = SEPARABLE["same, strided"]
    layer = built("SeparableConv2D", shape, activation="relu", **geometry)
    cloned = untied(layer, shape, "regional", symmetry="trainable")
    assert fuse(cloned).form == "convolution"
    change(cloned, rng)
    fused = fuse(cloned)
    assert fused.form == "regions"
    regions, convolution, _ = fused.model.layers
    assert {type(part).__name__ for part in regions.layers} >= {"DepthwiseConv2D"}
    assert convolution.kernel_size == (1, 1)
    images = rng.normal(size=(2, *shape)).astype("float32")
    np.testing.assert_allclose(
        fused.model(images), cloned(images), rtol=1e-4, atol=1e-4
    )
    assert fused.cost.bytes == 4 * fused.model.count_params()


def test_regional_clones_are_fused_for_the_size_that_is_asked_for(rng):
    student = trained(sc.ConvTeacher("t2", 9), rng)
    layer = layer_of(student, rng, size=(None, None), name="any")
    with pytest.raises(
        ValueError, match=r"'any' takes images of any size.*pass"
    ) as why:
        fuse(layer)
    assert "\n" not in str(why.value)
    assert "size only: pass `image_size`" in str(why.value)
    assert "not translation equivariant" in str(why.value)
    fused = fuse(layer, image_size=(14, 11))
    assert fused.model.input_shape == (None, 14, 11, 4)
    images = rng.normal(size=(2, 14, 11, 4)).astype("float32")
    np.testing.assert_allclose(fused.model(images), layer(images), atol=1e-5)
    # Operations are those of the size.
    assert fused.cost.operations == 2 * 9 * 4 * 8 * 12 * 9


def test_clones_of_any_size_become_a_convolution_of_any_size(rng):
    student = solved("t2", image_size=9, student="regional")
    for options in ({}, {"data_format": "channels_first"}):
        layer = layer_of(student, rng, size=(None, None), **options)
        fused = fuse(layer)
        assert fused.form == "convolution"
        assert fused.model.input_shape.count(None) == 3
        for size in ((9, 9), (12, 7)):
            shape = layer._from_last((2, *size, 4))
            images = rng.normal(size=shape).astype("float32")
            np.testing.assert_allclose(fused.model(images), layer(images), atol=1e-4)


def test_clones_of_groups_are_fused_for_one_size(rng):
    student = solved("c4", image_size=9, student="regional")
    layer = layer_of(student, rng, size=(None, None))
    with pytest.raises(ValueError, match="it reshapes feature maps on a group"):
        fuse(layer)
    fused = fuse(layer, image_size=7)
    assert fused.form == "convolution"
    images = rng.normal(size=(2, 7, 7, 4)).astype("float32")
    np.testing.assert_allclose(fused.model(images), layer(images), atol=1e-4)

import keras
import numpy as np
import pytest
from hypothesis import given, settings

import symclone_tf as sc
from symclone_tf.layers.group_conv2d import GroupConv2D
from symclone_tf.symmetry import get_group, largest_error
from symclone_tf.teachers.conv_geometry import ConvGeometry
from symclone_tf.teachers.conv_teacher import ConvTeacher

from drawn import windows

POINT_GROUPS = pytest.mark.parametrize("group", ["c2", "c4", "d4"])


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(windows())
def test_t2_is_keras_own_convolution(window):
    image, options = window
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(2, *image, 2)).astype("float32")
    layer = GroupConv2D(3, group="t2", **options)
    keras_layer = keras.layers.Conv2D(3, **options)
    expected = keras_layer(inputs)
    layer.build(inputs.shape)
    layer.set_weights(keras_layer.get_weights())
    np.testing.assert_allclose(layer(inputs), expected, atol=1e-5)
    assert layer.compute_output_shape(inputs.shape) == tuple(expected.shape)
    teacher = ConvTeacher("t2", image, **options)
    outputs = teacher(inputs, keras_layer.kernel) + keras_layer.bias
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
    assert teacher.new_grid == expected.shape[1:3]
    assert ConvTeacher.from_config(teacher.get_config()) == teacher
    # Padding, −1, is the zero at the end.
    padded = np.concatenate([inputs.reshape(2, -1, 2), np.zeros((2, 1, 2))], 1)
    patches = padded[:, teacher.receptive_fields]
    products = np.einsum(
        "npvc,vco->npo", patches, np.reshape(keras_layer.kernel, (-1, 2, 3))
    )
    products = products.reshape(expected.shape)
    np.testing.assert_allclose(products, expected - keras_layer.bias, atol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "name", "title"),
    [
        (("t2", (8, 12), (3, 5)), "t2-8x12-k3x5", "T(2) 8×12"),
        (
            ("t2", (8, 12), 3, True, "same", (2, 1)),
            "t2-8x12-k3-same-s2x1",
            "T(2) 8×12 /2×1",
        ),
        (("t2", 8, 3, True, "valid", 1, (1, 2)), "t2-8x8-k3-d1x2", "T(2) 8×8 ·1×2"),
        (("c2", (6, 9)), "c2-lifting-6x9-k3", "C2 lifting 6×9"),
    ],
)
def test_rectangles_have_names(arguments, name, title):
    teacher = ConvTeacher(*arguments)
    assert (teacher.name, teacher.title) == (name, title)


@pytest.mark.parametrize("lifting", [True, False])
def test_rectangles_preserve_equivariance_under_half_turns(rng, lifting):
    for padding, strides in (("valid", (1, 2)), ("same", (2, 1)), ("valid", 1)):
        teacher = ConvTeacher("c2", (7, 9), (5, 3), lifting, padding, strides)
        inputs = rng.normal(size=(2, *teacher.input_shape, 2)).astype("float32")
        kernel = rng.normal(size=(*teacher.kernel_shape, 2, 3)).astype("float32")
        outputs = np.asarray(teacher(inputs, kernel))
        assert outputs.shape[1:-1] == teacher.output_shape
        turned = np.rot90(inputs, 2, (1, 2))
        turned = teacher(turned if lifting else turned[:, :, :, ::-1], kernel)
        expected = np.rot90(outputs, 2, (1, 2))[:, :, :, ::-1]
        np.testing.assert_allclose(turned, expected, atol=1e-4)


def test_rectangles_are_cloned_under_half_turns(tmp_path):
    teacher = ConvTeacher("c2", (6, 9), (2, 3))
    clone, report = sc.clone(teacher, student="local", solver="closed-form", verbose=0)
    assert report.nmse < 1e-12
    assert report.equivariance_error < 1e-5
    assert sc.load(sc.export(clone, tmp_path, report)).teacher == teacher


@pytest.mark.slow
@pytest.mark.parametrize("student", ["dense", "local"])
@pytest.mark.parametrize("solver", ["sgd", "closed-form"])
@pytest.mark.parametrize(
    ("group", "strides", "padding"), [("t2", (1, 2), "same"), ("c2", (1, 1), "valid")]
)
def test_rectangles_are_cloned(tmp_path, student, solver, group, strides, padding):
    teacher = ConvTeacher(group, (7, 10), (2, 3), padding=padding, strides=strides)
    clone, report = sc.clone(teacher, student=student, solver=solver, verbose=0)
    assert report.nmse < 1e-12
    assert report.equivariance_error < 1e-5
    assert sc.load(sc.export(clone, tmp_path, report)).teacher == teacher


@POINT_GROUPS
@pytest.mark.parametrize(
    ("size", "padding", "strides", "dilation"),
    [(7, "valid", 2, 1), (9, "valid", 3, 1), (7, "same", 2, 1), (8, "valid", 1, 2)],
)
@pytest.mark.parametrize("lifting", [True, False])
def test_strides_and_dilation_preserve_equivariance(
    rng, group, size, padding, strides, dilation, lifting
):
    teacher = ConvTeacher(group, size, 3, lifting, padding, strides, dilation)
    inputs = rng.normal(size=(2, *teacher.input_shape, 2)).astype("float32")
    kernel = rng.normal(size=(*teacher.kernel_shape, 2, 3)).astype("float32")
    transformations = list(teacher.transformations())
    assert len(transformations) == get_group(group).order - 1
    assert largest_error(lambda x: teacher(x, kernel), transformations, inputs) < 1e-5


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("strides", "dilation"), [(2, 1), (3, 1), (1, 2)])
@pytest.mark.parametrize("size", [12, 13])
def test_translations_by_whole_strides_translate_outputs(
    rng, padding, strides, dilation, size
):
    teacher = ConvTeacher("t2", size, 3, True, padding, strides, dilation)
    inputs = rng.normal(size=(2, size, size, 2)).astype("float32")
    kernel = rng.normal(size=(3, 3, 2, 3)).astype("float32")
    transformations = teacher.transformations()
    assert largest_error(lambda x: teacher(x, kernel), transformations, inputs) < 1e-5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("c4", 8, 3, True, "valid", 2), "may be 7 or 9 with strides=2.*image_size=8"),
        (("c4", 8, 3, False, "same", 2), "may be 7 or 9 with strides=2"),
        (("d4", 10, 3, True, "valid", 3), "may be 9 or 12 with strides=3"),
        (("c4", 9, 3, True, "valid", 2, 2), "`strides` must be 1 where"),
        (("c4", (9, 8), 3), r"`image_size` must be the same along .*C4.*\(9, 8\)"),
        (("d4", 9, (3, 5)), r"`kernel_size` must be the same along .*D4.*\(3, 5\)"),
        (("c4", 9, 3, True, "valid", (1, 2)), "`strides` must be the same"),
        (("c2", (9, 8), 3, True, "valid", (1, 2)), "may be 7 or 9 with strides=2"),
        (("c2", (9, 8), (3, 2), True, "same"), "`kernel_size` must be odd"),
        (("t2", (9, 8, 7)), "`image_size` must be a positive integer, or a pair"),
        (("t2", (9, 0)), "`image_size` must be a positive integer, or a pair"),
        (("t2", (9, 2), 3), "`kernel_size` must not exceed `image_size`"),
        (("c4", 9, 3, True, "valid", 0), "`strides` must be a positive integer"),
        (("c4", 9, 3, True, "valid", 1, -1), "`dilation_rate` must be a positive"),
        (("t2", 5, 3, True, "valid", 1, 3), "kernel_size=3, dilation_rate=3"),
    ],
)
def test_geometries_that_are_not_supported_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        ConvTeacher(*arguments)


def test_layers_refuse_sizes_as_soon_as_they_are_known():
    layer = GroupConv2D(2, 3, "c4", strides=2)
    with pytest.raises(ValueError, match="may be 7 or 9"):
        layer.build((None, 8, 8, 1))
    inputs = keras.Input((None, None, 1))
    model = keras.Model(inputs, GroupConv2D(2, 3, "c4", strides=(2, 2))(inputs))
    assert model(np.zeros((1, 9, 9, 1))).shape == (1, 4, 4, 4, 2)


def test_t2_takes_any_size():
    geometry = ConvGeometry(get_group("t2"), 3, strides=2)
    for size in range(3, 12):
        geometry.check_grid((size, 14 - size))
    assert geometry.outputs((8, None)) == (3, None)
    assert ConvGeometry(get_group("t2"), 3, "same", 2).outputs((8, 9)) == (4, 5)


@pytest.mark.parametrize(
    ("kernel_size", "size", "options"),
    [
        ((2, 3), (6, 7), {"padding": "same"}),  # even along the height
        ((3, 3), (6, 7), {"strides": 2}),  # one row is left over
        ((3, 3), (8, 7), {"strides": (2, 1), "padding": "same"}),
    ],
)
def test_reflections_need_centred_fields_along_the_width_alone(
    rng, kernel_size, size, options
):
    teacher = ConvTeacher("flip", size, kernel_size, **options)
    inputs = rng.normal(size=(2, *size, 2)).astype("float32")
    kernel = rng.normal(size=(*kernel_size, 2, 3)).astype("float32")
    moves = list(teacher.transformations())
    assert largest_error(lambda x: teacher(x, kernel), moves, inputs) < 1e-6
    turned = {"image_size": size[::-1], "kernel_size": kernel_size[::-1]}
    strides = options.get("strides", 1)
    if isinstance(strides, tuple):
        options = {**options, "strides": strides[::-1]}
    with pytest.raises(ValueError, match="must"):
        ConvTeacher("flip", **turned, **options)

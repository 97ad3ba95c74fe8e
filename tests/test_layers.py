import copy
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

import symclone_tf as sc
from symclone_tf.groups import GROUPS
from symclone_tf.layers import ClonedConv2D

from cases import CASES
from layer_checks import check_layer


def solved(group="c4", lifting=True, image_size=6, **options):
    return sc.clone(
        group, lifting, image_size, solver="closed-form", verbose=0, **options
    )[0]


def draw(rng, student, channels=2, batch=4):
    image, _ = student.input_shapes((channels,))
    return rng.normal(size=(batch, *image)).astype("float32")


def relative(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


@CASES
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_computes_what_group_conv2d_does(rng, group, lifting, padding):
    student = solved(group, lifting, padding=padding)
    inputs = draw(rng, student)
    teacher = sc.GroupConv2D(3, 3, group, padding, activation="relu")
    expected = teacher(inputs)
    teacher.bias.assign(rng.normal(size=3))
    cloned = ClonedConv2D.from_conv(teacher, student)
    assert relative(cloned(inputs), teacher(inputs)) < 1e-3
    assert cloned(inputs).shape == expected.shape


def test_takes_over_keras_own_convolution(rng):
    layer = keras.layers.Conv2D(4, 3, activation="relu", name="first")
    inputs = rng.normal(size=(2, 6, 6, 3)).astype("float32")
    layer.build(inputs.shape)
    cloned = ClonedConv2D.from_conv(layer, solved("t2"), symmetry="trainable")
    assert relative(cloned(inputs), layer(inputs)) < 1e-3
    assert (cloned.name, cloned.symmetry) == ("first", "trainable")


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (keras.layers.Conv2D(2, 5), r"kernel_size.*\(5, 5\)"),
        (keras.layers.Conv2D(2, 3, padding="same"), "padding.*same"),
        (keras.layers.Conv2D(2, 3, strides=2), r"strides.*\(2, 2\)"),
        (keras.layers.Conv2D(2, 3, dilation_rate=2), r"dilation_rate.*\(2, 2\)"),
        (sc.GroupConv2D(2, 3, "c4"), "group.*c4"),
        (keras.layers.Conv2DTranspose(2, 3), "layer of type Conv2DTranspose"),
        (keras.layers.DepthwiseConv2D(3), "layer of type DepthwiseConv2D"),
        (keras.layers.Dense(3), "layer of type Dense"),
    ],
)
def test_convolutions_that_the_student_does_not_imitate_are_refused(layer, message):
    layer.build((None, 6, 6, 1))
    with pytest.raises(ValueError, match=message):
        ClonedConv2D.from_conv(layer, solved("t2"))


def test_convolution_that_is_not_built_is_refused():
    with pytest.raises(ValueError, match=r"not built has no kernel.*'fresh'"):
        ClonedConv2D.from_conv(keras.layers.Conv2D(2, 3, name="fresh"), solved("t2"))


def test_takes_over_how_a_convolution_is_trained():
    conv = keras.layers.Conv2D(
        *(2, 3),
        use_bias=False,
        kernel_regularizer="l2",
        kernel_constraint="non_neg",
        trainable=False,
        dtype="mixed_bfloat16",
    )
    conv.build((None, 6, 6, 1))
    cloned = ClonedConv2D.from_conv(conv, solved("t2"))
    assert (
        cloned.kernel_regularizer.get_config() == conv.kernel_regularizer.get_config()
    )
    assert cloned.kernel.constraint is conv.kernel_constraint
    assert cloned.trainable_weights == []
    assert cloned.dtype_policy.name == "mixed_bfloat16"
    thawed = ClonedConv2D.from_conv(
        conv, solved("t2"), trainable=True, kernel_regularizer=None, use_bias=True
    )
    assert len(thawed.trainable_weights) == 2
    assert thawed.losses == []


def test_bias_can_be_left(rng):
    conv = keras.layers.Conv2D(2, 3, bias_initializer="ones")
    images = rng.normal(size=(2, 6, 6, 1)).astype("float32")
    expected = conv(images) - 1
    bare = ClonedConv2D.from_conv(conv, solved("t2"), use_bias=False)
    assert relative(bare(images), expected) < 1e-3


def test_convolution_of_images_with_channels_first_is_refused():
    layer = keras.layers.Conv2D(2, 3, data_format="channels_first")
    layer.build((None, 1, 6, 6))
    with pytest.raises(ValueError, match=r"data_format.*channels_first"):
        ClonedConv2D.from_conv(layer, solved("t2"))


def test_kernel_of_feature_maps_is_refused_by_a_lifting_student():
    layer = sc.GroupConv2D(2, 3, "c4")
    layer.build((None, 6, 6, 4, 1))
    with pytest.raises(
        ValueError, match=r"\(3, 3, channels, filters\).*\(3, 3, 4, 1, 2\)"
    ):
        ClonedConv2D.from_conv(layer, solved("c4"))


@pytest.mark.parametrize(
    ("kernel", "bias", "message"),
    [
        (np.ones((3, 3)), None, r"takes kernel of shape .*\(3, 3\)"),
        (np.ones(()), None, r"takes kernel of shape .*\(\)"),
        (np.ones((3, 3, 4, 1, 2)), None, r"takes kernel of shape .*\(3, 3, 4, 1, 2\)"),
        (np.ones((3, 3, 0, 2)), None, r"`kernel` must be .*\(3, 3, 0, 2\)"),
        (np.full((3, 3, 1, 2), np.nan), None, "`kernel` must be finite"),
        (np.ones((3, 3, 1, 2), complex), None, "`kernel` must be .* complex128"),
        (np.ones((3, 3, 1, 2)), np.ones(3), r"`bias` must have shape \(2,\).*\(3,\)"),
        (np.ones((3, 3, 1, 2)), np.array([1, np.inf]), "`bias` must be finite"),
    ],
)
def test_arrays_that_cannot_be_weights_are_refused(kernel, bias, message):
    with pytest.raises(ValueError, match=message):
        ClonedConv2D.from_kernel(kernel, solved("c4"), bias)


def test_takes_over_arrays(rng):
    kernel, bias = rng.normal(size=(3, 3, 2, 5)), rng.normal(size=5)
    layer = ClonedConv2D.from_kernel(kernel, solved("c4"), bias, activation="relu")
    inputs = rng.normal(size=(2, 6, 6, 2)).astype("float32")
    answers = sc.group_conv2d(inputs, kernel.astype("float32"), "c4") + bias
    assert relative(layer(inputs), np.maximum(answers, 0)) < 1e-3
    assert not ClonedConv2D.from_kernel(kernel, solved("c4")).use_bias


@CASES
def test_kernel_gradients_agree_with_the_teachers(rng, group, lifting):
    student = solved(group, lifting)
    inputs = draw(rng, student)
    teacher = sc.GroupConv2D(3, 3, group, activation="tanh")
    teacher.build(inputs.shape)
    cloned = ClonedConv2D.from_conv(teacher, student)

    def gradient(layer):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(layer(inputs) - 1.0))
        return tape.gradient(loss, layer.kernel.value)

    assert relative(gradient(cloned), gradient(teacher)) < 1e-3


@CASES
@pytest.mark.parametrize("symmetry", ["frozen", "trainable", "anchored"])
def test_behaves_as_a_keras_layer(rng, tmp_path, group, lifting, symmetry):
    student = solved(group, lifting)
    check_layer(
        ClonedConv2D,
        {
            "filters": 3,
            "student": student,
            "symmetry": symmetry,
            "anchor": "l2",
            "anchor_strength": 0.5,
            "activation": "relu",
            "kernel_regularizer": "l2",
        },
        [draw(rng, student)],
        (4, 4, 4, *GROUPS[group].axis_shape, 3),
        weights={"frozen": 4, "trainable": 4, "anchored": 6}[symmetry],
        trainable={"frozen": 2, "trainable": 4, "anchored": 4}[symmetry],
        path=tmp_path / "model.keras",
    )


def classifier(*layers):
    return keras.Sequential(
        [*layers, keras.layers.GlobalAveragePooling3D(), keras.layers.Dense(2)]
    )


def fit(model, rng, epochs=1, optimizer="adam"):
    model.compile(optimizer, "mse")
    images = rng.normal(size=(16, 6, 6, 1)).astype("float32")
    targets = rng.normal(size=(16, 2)).astype("float32")
    model.fit(images, targets, epochs=epochs, verbose=0)
    return images


@pytest.mark.parametrize("thaw", [False, True])
def test_frozen_blocks_do_not_change_by_a_bit_and_kernels_do(rng, thaw):
    layer = ClonedConv2D(3, solved())
    model = classifier(layer)
    model.build((None, 6, 6, 1))
    model.trainable = model.trainable and not thaw
    model.trainable = True
    student = [w.copy() for w in layer.student.get_weights()]
    kernel = np.array(layer.kernel)
    fit(model, rng)
    for before, after in zip(student, layer.student.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    assert not np.array_equal(kernel, layer.kernel)


def test_trainable_blocks_change_and_leave_the_symmetry(rng):
    layer = ClonedConv2D(3, solved(), symmetry="trainable")
    model = classifier(layer)
    images = fit(model, rng, epochs=20)
    assert sc.equivariance_error(layer, "c4", images) > 1e-3


@pytest.mark.parametrize(
    ("anchor", "strengths"), [("kl", (1, 1e3, 1e4)), ("l2", (1e-3, 0.3, 5))]
)
def test_anchors_hold_the_weights_the_more_the_stronger(anchor, strengths):
    moved = []
    for strength in strengths:
        keras.utils.set_random_seed(0)
        layer = ClonedConv2D(
            3, solved(), "anchored", anchor=anchor, anchor_strength=strength
        )
        fit(classifier(layer), np.random.default_rng(0), 30, keras.optimizers.SGD(0.05))
        moved.append(float(layer.anchor_penalty()))
    assert moved[0] > 2 * moved[1] > 4 * moved[2] > 0


def test_anchor_penalties_are_the_formulas(rng):
    for anchor in ("kl", "l2"):
        layer = ClonedConv2D(2, solved(), "anchored", anchor=anchor)
        layer.build((None, 6, 6, 1))
        assert float(layer.anchor_penalty()) == pytest.approx(0, abs=1e-6)
        expected = 0.0
        for weight in layer.student.weights:
            before = np.array(weight, "float64").ravel()
            after = before + rng.normal(size=before.shape)
            weight.assign(after.reshape(weight.shape))
            p, q = (np.exp(w) / np.sum(np.exp(w)) for w in (after, before))
            expected += (
                np.sum(p * np.log(p / q))
                if anchor == "kl"
                else np.sum((after - before) ** 2)
            )
        assert float(layer.anchor_penalty()) == pytest.approx(expected, rel=1e-3)


def test_anchors_survive_saving(rng, tmp_path):
    layer = ClonedConv2D(2, solved(), "anchored", anchor="l2")
    model = classifier(layer)
    fit(model, rng)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras").layers[0]
    assert float(layer.anchor_penalty()) > 0
    assert float(loaded.anchor_penalty()) == pytest.approx(
        float(layer.anchor_penalty()), rel=1e-5
    )


def test_two_layers_share_one_student_through_saving(rng, tmp_path):
    student = solved(lifting=False, padding="same")
    first = ClonedConv2D(3, student, "trainable", name="one")
    second = ClonedConv2D(2, student, "trainable", name="two")
    inputs = keras.Input((6, 6, 4, 1))
    model = keras.Model(inputs, second(first(inputs)))
    assert len(model.weights) == 2 + 2 + 2
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.get_layer("one").student is loaded.get_layer("two").student
    images = draw(rng, student, channels=1)
    np.testing.assert_array_equal(loaded(images), model(images))


def test_layers_with_equal_students_of_one_name_stay_apart(rng, tmp_path):
    one, other = (solved(lifting=False, padding="same") for _ in range(2))
    other._name = one.name
    first = ClonedConv2D(3, one, "trainable")
    inputs = keras.Input((6, 6, 4, 1))
    model = keras.Model(inputs, ClonedConv2D(2, other, "trainable")(first(inputs)))
    other.encoder.kernel.assign(other.encoder.kernel * 2)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.layers[1].student is not loaded.layers[2].student
    images = draw(rng, one, channels=1)
    np.testing.assert_array_equal(loaded(images), model(images))


def test_cloned_models_have_students_of_their_own():
    model = classifier(ClonedConv2D(3, solved(), "trainable"))
    model.build((None, 6, 6, 1))
    copied = keras.models.clone_model(model)
    assert copied.layers[0].student is not model.layers[0].student


class TestSharing:
    def test_layers_treat_the_student_alike(self):
        student = solved()
        layer = ClonedConv2D(3, student)
        with pytest.raises(ValueError, match=r"is frozen in another layer.*trainable"):
            ClonedConv2D(3, student, "trainable")
        assert layer.student is student
        ClonedConv2D(3, copy.deepcopy(student), "trainable")

    @pytest.mark.parametrize("other", [("kl", 5.0), ("l2", 6.0)])
    def test_anchors_are_alike_too(self, other):
        student = solved()
        layer = ClonedConv2D(3, student, "anchored", "l2", 5.0)
        message = rf"anchored l2 5\.0 in another layer.*anchored {other[0]} {other[1]}"
        with pytest.raises(ValueError, match=message):
            ClonedConv2D(3, student, "anchored", *other)
        assert layer.student is student

    def test_later_layers_keep_the_first_ones_anchors(self):
        student = solved()
        first = ClonedConv2D(3, student, "anchored", "l2", 5.0)
        first.build((None, 6, 6, 1))
        for weight in student.weights:
            weight.assign_add(np.ones(weight.shape))
        penalty = float(sum(first.losses))
        second = ClonedConv2D(2, student, "anchored", "l2", 5.0)
        second.build((None, 6, 6, 1))
        assert penalty > 0
        assert float(sum(first.losses)) == penalty
        assert float(second.anchor_penalty()) == pytest.approx(penalty / 5)

    def test_students_of_layers_that_are_gone_are_free(self):
        student = solved()
        layer = ClonedConv2D(3, student, "anchored", "l2", 5.0)
        layer.build((None, 6, 6, 1))
        del layer
        free = ClonedConv2D(3, student, "trainable")
        free.build((None, 6, 6, 1))
        student.encoder.kernel.assign_add(np.ones(student.encoder.kernel.shape))
        assert free.losses == []

    def test_a_refused_layer_leaves_the_student_free(self):
        student = solved()
        kernel = np.ones((3, 3, 1, 2))
        with pytest.raises(ValueError, match="bias"):
            ClonedConv2D.from_kernel(kernel, student, bias=np.ones(3))
        ClonedConv2D.from_kernel(kernel, student, symmetry="trainable")

    def test_anchored_layers_of_one_student_come_back(self, rng, tmp_path):
        student = solved(lifting=False, padding="same")
        inputs = keras.Input((6, 6, 4, 1))
        outputs = inputs
        for filters in (3, 2):
            outputs = ClonedConv2D(filters, student, "anchored", "l2", 1.0)(outputs)
        model = keras.Model(inputs, outputs)
        student.encoder.kernel.assign_add(np.ones(student.encoder.kernel.shape))
        model.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        assert float(sum(loaded.losses)) == pytest.approx(float(sum(model.losses)))
        assert float(sum(model.losses)) > 0


def test_students_are_not_quantized(rng):
    model = keras.Sequential([keras.Input((6, 6, 8)), ClonedConv2D(1, solved())])
    images = rng.normal(size=(2, 6, 6, 8)).astype("float32")
    before = model.predict_on_batch(images)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        model.quantize("int8")
    assert any("Students are not quantized" in str(each.message) for each in seen)
    np.testing.assert_array_equal(model.predict_on_batch(images), before)


@pytest.mark.parametrize("dtype", ["bfloat16", "mixed_float16"])
def test_anchors_are_as_exact_as_what_they_hold(dtype):
    layer = ClonedConv2D(2, solved(), "anchored", "l2", 1.0, dtype=dtype)
    layer.build((None, 6, 6, 1))
    assert float(layer.anchor_penalty()) == 0


def test_a_clone_with_its_report_is_no_student():
    with pytest.raises(TypeError, match="`clone` before its report"):
        ClonedConv2D(3, (solved(), None))


def test_exports_as_part_of_a_model(rng, tmp_path):
    model = classifier(ClonedConv2D(3, solved()))
    images = rng.normal(size=(3, 6, 6, 1)).astype("float32")
    expected = model.predict_on_batch(images)
    model.export(tmp_path / "model", verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "model"))
    np.testing.assert_allclose(loaded.serve(images), expected, atol=1e-5)


def test_mixed_precision_keeps_the_student_in_float32(rng):
    layer = ClonedConv2D(3, solved(), dtype="mixed_float16")
    outputs = layer(rng.normal(size=(1, 6, 6, 1)))
    assert outputs.dtype == "float16"
    assert layer.student.compute_dtype == "float32"


def test_works_without_bias_and_in_subclassed_models(rng):
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.layer = ClonedConv2D(3, solved(), use_bias=False)

        def call(self, inputs):
            return self.layer(inputs)

    model = Model()
    assert model(rng.normal(size=(1, 6, 6, 1))).shape == (1, 4, 4, 4, 3)
    assert len(model.trainable_weights) == 1


@pytest.mark.parametrize("shape", [(1, 7, 7, 1), (1, 6, 6, 4, 1), (1, 6, 6)])
def test_inputs_of_another_shape_are_refused_with_both(shape):
    with pytest.raises(ValueError, match=r"\(batch, 6, 6, channels\)") as error:
        ClonedConv2D(3, solved())(np.zeros(shape))
    assert str(shape) in str(error.value)


def test_non_finite_inputs_pass_through_as_in_conv2d():
    outputs = ClonedConv2D(3, solved())(np.full((1, 6, 6, 1), np.nan))
    assert np.all(np.isnan(outputs))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"symmetry": "melted"}, "`symmetry` must be one of frozen, trainable"),
        ({"anchor": "rope"}, "`anchor` must be one of kl, l2"),
        ({"anchor_strength": -1}, "`anchor_strength` must be a positive"),
        ({"filters": 0}, "`filters` must be a positive integer"),
    ],
)
def test_bad_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        ClonedConv2D(**{"filters": 2, "student": solved(), **options})


def test_values_that_are_no_number_spread_as_in_keras_own_convolution(rng):
    """And further: a Dense layer multiplies every pixel, if only with zero."""
    inputs = rng.normal(size=(3, 6, 6, 1)).astype("float32")
    inputs[1, 0, 0], inputs[2, 5, 5] = np.nan, np.inf
    layer = keras.layers.Conv2D(2, 3)
    layer.build(inputs.shape)
    expected, found = (
        np.isfinite(f(inputs))
        for f in (layer, ClonedConv2D.from_conv(layer, solved("t2")))
    )
    assert expected[0].all()
    assert found[0].all()
    assert not (found & ~expected).any()
    assert not found[1:].all()

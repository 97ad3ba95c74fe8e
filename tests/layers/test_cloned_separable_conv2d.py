"""Depthwise separable convolutions are untied at the same function."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

import symclone_tf as sc
from symclone_tf.layers.cloned_separable_conv2d import ClonedSeparableConv2D
from symclone_tf.layers.conversion import teacher_of

from clones import relative
from drawn import windows
from processors import CHANNELS_FIRST


def built(shape=(8, 8, 2), **options):
    """A separable convolution whose weights are all random, its bias too."""
    options = {"filters": 5, "kernel_size": 3, "name": "middle", **options}
    layer = keras.layers.SeparableConv2D(**options)
    layer.build((None, *shape))
    rng = np.random.default_rng(0)
    for weight in layer.weights:
        weight.assign(rng.normal(size=weight.shape))
    return layer


def untied(layer, shape=(8, 8, 2), student="local", **options):
    teacher = teacher_of(layer, (None, *shape))
    student, _ = sc.clone(teacher, student=student, solver="closed-form", verbose=0)
    return ClonedSeparableConv2D.from_conv(layer, student, **options)


def loops(x, layer):
    """The formula, `y[p,o] = act(b[o] + Σ_c Σ_m P[c·M+m,o] Σ_v x[p+v,c] D[v,c,m])`."""
    depthwise = np.array(layer.depthwise_kernel)
    pointwise, bias = np.array(layer.pointwise_kernel), np.array(layer.bias)
    rows, columns, channels, multiplier = depthwise.shape
    height, width = x.shape[1] - rows + 1, x.shape[2] - columns + 1
    y = np.zeros((len(x), height, width, pointwise.shape[-1])) + bias
    for i in range(height):
        for j in range(width):
            for c in range(channels):
                for m in range(multiplier):
                    field = x[:, i : i + rows, j : j + columns, c]
                    found = (field * depthwise[..., c, m]).sum(axis=(1, 2))
                    row = pointwise[0, 0, c * multiplier + m]
                    y[:, i, j] += found[:, None] * row
    return y


@pytest.mark.parametrize("symmetry", ["frozen", "trainable"])
def test_computes_the_formula(rng, symmetry):
    shape = (7, 6, 3)
    layer = built(shape, kernel_size=(3, 2), depth_multiplier=2)
    images = rng.normal(size=(2, *shape)).astype("float32")
    cloned = untied(layer, shape, symmetry=symmetry)
    expected = "convolution" if symmetry == "frozen" else "blocks"
    assert cloned.computes_as() == expected
    assert relative(cloned(images), loops(images, layer)) < 1e-5


@st.composite
def separable(draw):
    """A separable convolution that TensorFlow computes, and a shape of its inputs."""
    image, options = draw(windows(equal_strides=True))
    formats = ["channels_last", *(["channels_first"] if CHANNELS_FIRST else [])]
    options["data_format"] = draw(st.sampled_from(formats))
    options["depth_multiplier"] = draw(st.integers(1, 3))
    options["filters"] = draw(st.integers(1, 4))
    options["use_bias"] = draw(st.booleans())
    channels = (draw(st.integers(1, 3)),)
    first = options["data_format"] == "channels_first"
    shape = (*channels, *image) if first else (*image, *channels)
    return shape, {**options, "activation": "tanh"}


@pytest.mark.slow
@pytest.mark.parametrize("compute", ["auto", "blocks"])
def test_outputs_and_gradients_are_those_of_keras(compute):
    @settings(max_examples=25, deadline=None, derandomize=True, database=None)
    @given(separable())
    def check(drawn):
        shape, options = drawn
        layer = built(shape, **options)
        rng = np.random.default_rng(1)
        inputs = tf.constant(rng.normal(size=(2, *shape)), tf.float32)
        cloned = untied(layer, shape, compute=compute)
        assert compute == "auto" or cloned.computes_as() == "blocks"

        def outputs_and_gradients(layer, kernels):
            with tf.GradientTape() as tape:
                tape.watch(inputs)
                outputs = layer(inputs)
                loss = tf.reduce_sum(tf.square(outputs))
            sources = [inputs, *(kernel.value for kernel in kernels)]
            found = [outputs, *tape.gradient(loss, sources)]
            return [np.reshape(values, -1) for values in found]

        expected = outputs_and_gradients(
            layer, [layer.depthwise_kernel, layer.pointwise_kernel]
        )
        found = outputs_and_gradients(
            cloned, [cloned.depthwise.kernel, cloned.pointwise.kernel]
        )
        for one, other in zip(found, expected):
            np.testing.assert_allclose(one, other, atol=1e-3 * max(1, other.max()))

    check()


@pytest.mark.parametrize(
    "options", [{"strides": 2, "padding": "same"}, {"dilation_rate": 2}]
)
def test_strides_padding_and_dilation_are_taken_over(rng, options):
    layer = built((9, 8, 2), activation="relu", **options)
    images = rng.normal(size=(2, 9, 8, 2)).astype("float32")
    cloned = untied(layer, (9, 8, 2), symmetry="trainable")
    assert cloned.computes_as() == "blocks"
    assert relative(cloned(images), layer(images)) < 1e-5


def test_what_a_layer_is_trained_with_is_taken_over():
    layer = built(
        depthwise_regularizer="l2",
        pointwise_regularizer=keras.regularizers.L1(0.3),
        bias_regularizer="l1",
        activity_regularizer=keras.regularizers.L2(0.1),
        depthwise_constraint="non_neg",
        pointwise_constraint="max_norm",
        depthwise_initializer="he_normal",
        activation="relu",
    )
    cloned = untied(layer, symmetry="trainable")
    images = np.ones((2, 8, 8, 2), "float32")
    cloned(images), layer(images)
    losses = [float(sum(one.losses)) for one in (cloned, layer)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    assert cloned.depthwise.kernel.constraint is layer.depthwise_constraint
    assert cloned.pointwise.kernel.constraint is layer.pointwise_constraint
    assert cloned.depthwise.kernel_initializer is layer.depthwise_initializer
    assert (cloned.name, cloned.filters) == ("middle", 5)
    assert cloned.activation is keras.activations.relu


@pytest.mark.parametrize("trainable", [True, False])
def test_layers_that_are_not_trainable_stay_so(tmp_path, trainable):
    layer = built()
    layer.trainable = trainable
    cloned = untied(layer, symmetry="trainable")
    model = keras.Sequential([keras.Input((8, 8, 2)), cloned])
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras").layers[0]
    # Both kernels and the bias; the student's blocks and encoder.
    for one in (cloned, again):
        assert len(one.trainable_weights) == (5 if trainable else 0)


def test_a_frozen_student_stays_frozen_when_the_network_is_thawed():
    cloned = untied(built())
    model = keras.Sequential([keras.Input((8, 8, 2)), cloned])
    model.trainable = False
    assert cloned.trainable_weights == []
    model.trainable = True
    names = [weight.name for weight in cloned.trainable_weights]
    assert names == ["kernel", "kernel", "bias"]


def test_custom_loops_set_the_optimizer_of_decoupled_anchors():
    cloned = untied(built(), symmetry="anchored", anchor="decoupled-l2-sp")
    optimizer = keras.optimizers.SGD(0.1)
    cloned.hold(optimizer)
    constraints = [weight.constraint for weight in cloned.student.weights]
    assert [constraint.optimizer for constraint in constraints] == [optimizer] * 2


def test_float16_layers_compute_in_float16(rng):
    layer = built(dtype="mixed_float16")
    cloned = untied(layer, symmetry="trainable")
    images = rng.normal(size=(2, 8, 8, 2))
    assert cloned(images).dtype == layer(images).dtype == "float16"
    assert relative(cloned(images), layer(images)) < 1e-2


@pytest.mark.slow
def test_training_is_saved_and_loaded(rng, tmp_path):
    cloned = untied(built(), symmetry="anchored", anchor="decoupled-l2-sp", seed=3)
    model = keras.Sequential([keras.Input((8, 8, 2)), cloned, keras.layers.Flatten()])
    model.compile("adam", "mse")
    images = rng.normal(size=(16, 8, 8, 2)).astype("float32")
    before = model.predict(images, verbose=0)
    assert cloned.deviation().norm == 0
    model.fit(images, np.zeros_like(before), verbose=0)
    assert cloned.deviation().norm > 0
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    after = model.predict(images, verbose=0)
    assert np.abs(after - before).max() > 1e-3
    np.testing.assert_array_equal(again.predict(images, verbose=0), after)
    assert again.layers[0].deviation().norm == pytest.approx(cloned.deviation().norm)
    assert len(again.layers[0].anchors) == 2


@pytest.mark.slow
def test_layers_that_share_a_student_share_it_after_loading(tmp_path):
    layer = built()
    first = untied(layer, symmetry="trainable")
    second = ClonedSeparableConv2D.from_conv(
        built((6, 6, 2), name="other"),
        sc.clone("t2", image_size=6, student="local", solver="closed-form", verbose=0)[
            0
        ],
        symmetry="trainable",
    )
    third = ClonedSeparableConv2D.from_conv(
        layer, first.student, symmetry="trainable", name="third"
    )
    image = keras.Input((8, 8, 2))
    model = keras.Model(image, [second(first(image)[..., :2]), third(image)])
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    students = [again.get_layer(name).student for name in ("middle", "other", "third")]
    assert students[0] is students[2] is not students[1]


@pytest.mark.slow
def test_a_savedmodel_has_the_same_outputs(rng, tmp_path):
    cloned = untied(built(activation="relu"), symmetry="trainable")
    model = keras.Sequential([keras.Input((8, 8, 2)), cloned])
    images = rng.normal(size=(3, 8, 8, 2)).astype("float32")
    model.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "served"))
    np.testing.assert_allclose(served.serve(images), model(images), atol=1e-5)


@pytest.mark.slow
def test_its_configuration_recreates_it():
    cloned = untied(built(padding="same", dtype="mixed_bfloat16"))
    config = cloned.get_config()
    again = ClonedSeparableConv2D.from_config(config)
    assert again.get_config() == config
    assert again.compute_output_shape((None, 8, 8, 2)) == (None, 8, 8, 5)
    assert again.dtype_policy.name == "mixed_bfloat16"
    assert [weight.shape for weight in again.weights] == [
        w.shape for w in cloned.weights
    ]


@pytest.mark.slow
def test_anchored_layers_transform_the_depthwise_parts_inputs_in_training(rng):
    layer = built(padding="same")
    cloned = untied(layer, symmetry="anchored", anchor_strength=1.0, seed=0)
    images = rng.normal(size=(4, 8, 8, 2)).astype("float32")
    once = cloned(images, training=True)
    assert relative(once, layer(images)) > 1e-3  # padding's pixels differ
    inner = np.s_[:, 3:-3, 3:-3]
    assert relative(once[inner], layer(images)[inner]) < 1e-4
    assert relative(cloned(images), layer(images)) < 1e-5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kernel_size": 5}, r"kernel_size.*\(5, 5\)"),
        ({"padding": "same"}, "padding.*same"),
        ({"strides": 2}, r"strides.*\(2, 2\)"),
    ],
)
def test_convolutions_that_the_student_does_not_imitate_are_refused(change, message):
    student = untied(built()).student
    with pytest.raises(ValueError, match=message):
        ClonedSeparableConv2D.from_conv(built(**change), student)


def test_constraints_along_axes_that_the_clone_does_not_have_are_refused():
    constraint = keras.constraints.UnitNorm(axis=(0, 1, 2))
    message = "its depthwise_constraint depends on the"
    with pytest.raises(ValueError, match=message) as caught:
        untied(built(depthwise_constraint=constraint))
    assert "\n" not in str(caught.value)
    # Of one channel both layouts are the same.
    untied(built((8, 8, 1), depthwise_constraint=constraint), (8, 8, 1))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"use_bias": True}, "`depthwise` must be a ClonedConv2D"),
        ({"activation": "relu"}, "`depthwise` must be a ClonedConv2D"),
        ({"colour": 3}, "colour"),
    ],
)
def test_depthwise_parts_have_no_bias_and_no_activation(options, message):
    with pytest.raises(ValueError, match=message):
        untied(built(), **options)


def test_other_parts_are_refused():
    cloned = untied(built())
    for pointwise in (
        keras.layers.Conv2D(2, 3),
        keras.layers.Conv2D(2, 1, strides=2),
        keras.layers.Conv2D(2, 1, data_format="channels_first"),
        keras.layers.Conv2D(2, 1, dtype="float16"),
        keras.layers.Dense(2),
    ):
        with pytest.raises(ValueError, match="`pointwise` must be a Conv2D with 1×1"):
            ClonedSeparableConv2D(cloned.depthwise, pointwise)
    with pytest.raises(ValueError, match=r"`dtype` must be float32.*float16"):
        ClonedSeparableConv2D(cloned.depthwise, cloned.pointwise, dtype="float16")
    group, _ = sc.clone("c4", image_size=6, solver="closed-form", verbose=0)
    for depthwise in (sc.ClonedConv2D(2, group, use_bias=False), cloned.pointwise):
        with pytest.raises(ValueError, match="`depthwise` must be a ClonedConv2D"):
            ClonedSeparableConv2D(depthwise, cloned.pointwise)


def test_only_anchored_layers_deviate():
    with pytest.raises(
        ValueError, match=r"Only layers with symmetry.*'middle', frozen"
    ):
        untied(built()).deviation()

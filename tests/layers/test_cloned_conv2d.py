import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

import symclone_tf as sc
from symclone_tf.layers.cloned_conv2d import ClonedConv2D
from symclone_tf.symmetry.named_groups import GROUPS

from cases import CASES, later
from clones import draw, relative, solved
from layer_checks import check_layer


@CASES
@pytest.mark.parametrize(
    ("padding", "compute"),
    [
        ("valid", "auto"),
        later("same", "auto"),
        later("valid", "blocks"),
        ("same", "blocks"),
    ],
)
def test_computes_what_group_conv2d_does(rng, group, lifting, padding, compute):
    student = solved(group, lifting, padding=padding)
    inputs = draw(rng, student)
    teacher = sc.GroupConv2D(3, 3, group, padding, activation="relu")
    expected = teacher(inputs)
    teacher.bias.assign(rng.normal(size=3))
    cloned = ClonedConv2D.from_conv(teacher, student, compute=compute)
    assert cloned.computes_as() == ("blocks" if compute == "blocks" else "convolution")
    assert relative(cloned(inputs), teacher(inputs)) < 1e-5
    assert cloned(inputs).shape == expected.shape


@pytest.mark.slow
@CASES
@pytest.mark.parametrize("compute", ["auto", "blocks"])
def test_kernel_gradients_agree_with_the_teachers(rng, group, lifting, compute):
    student = solved(group, lifting)
    inputs = draw(rng, student)
    teacher = sc.GroupConv2D(3, 3, group, activation="tanh")
    teacher.build(inputs.shape)
    cloned = ClonedConv2D.from_conv(teacher, student, compute=compute)

    def gradient(layer):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(layer(inputs) - 1.0))
        return tape.gradient(loss, layer.kernel.value)

    assert relative(gradient(cloned), gradient(teacher)) < 1e-5


class TestCompute:
    @staticmethod
    def products(layer, inputs):
        """The operations of a call's graph that multiply."""
        graph = tf.function(layer).get_concrete_function(inputs).graph
        names = [operation.type for operation in graph.get_operations()]
        return [name for name in names if name in ("Conv2D", "MatMul", "BatchMatMulV2")]

    @pytest.mark.parametrize("student", ["dense", "local"])
    def test_frozen_layers_are_one_convolution(self, rng, student):
        student = solved(student=student)
        layer = ClonedConv2D(3, student)
        inputs = draw(rng, student)
        found = self.products(layer, inputs)
        assert found.count("Conv2D") == 1
        bank = student.convolution_kernel(layer.kernel)
        assert bank.shape == (3, 3, 2, 12)
        # The other products make the kernel: the encoder, and the blocks.
        assert len(found) == 3

    @pytest.mark.parametrize("symmetry", ["trainable", "anchored"])
    def test_layers_whose_students_may_change_keep_blocks(self, rng, symmetry):
        layer = ClonedConv2D(3, solved(), symmetry)
        assert layer.computes_as() == "blocks"
        assert "Conv2D" not in self.products(layer, draw(rng, layer.student))

    def test_blocks_are_kept_on_request(self, rng, tmp_path):
        layer = ClonedConv2D(3, solved(), compute="blocks")
        inputs = draw(rng, layer.student)
        assert "Conv2D" not in self.products(layer, inputs)
        keras.Sequential([keras.Input(inputs.shape[1:]), layer]).save(
            tmp_path / "model.keras"
        )
        (reloaded,) = keras.saving.load_model(tmp_path / "model.keras").layers
        assert (reloaded.compute, reloaded.computes_as()) == ("blocks", "blocks")

    def test_students_that_are_not_translation_equivariant_keep_blocks(self, rng):
        student, _ = sc.clone("c4", image_size=6, blocks=7, verbose=0)
        layer = ClonedConv2D(3, student)
        assert layer.computes_as() == "blocks"
        assert (
            "are not translation equivariant"
            in student.translation_equivariance().reason
        )
        inputs = draw(rng, student)
        layer.build(inputs.shape)
        np.testing.assert_allclose(layer(inputs), student(inputs, layer.kernel))

    def test_reloaded_layers_compute_as_convolutions(self, rng, tmp_path):
        student = solved()
        inputs = draw(rng, student)
        model = keras.Sequential(
            [keras.Input(inputs.shape[1:]), ClonedConv2D(3, student)]
        )
        model.save(tmp_path / "model.keras")
        reloaded = keras.saving.load_model(tmp_path / "model.keras")
        assert reloaded.layers[0].computes_as() == "convolution"
        np.testing.assert_array_equal(reloaded(inputs), model(inputs))


@pytest.mark.slow
@CASES
@pytest.mark.parametrize(
    "symmetry",
    [
        "anchored",
        *(later(name) for name in ("frozen", "trainable")),
    ],
)
def test_behaves_as_a_keras_layer(rng, tmp_path, group, lifting, symmetry):
    student = solved(group, lifting)
    check_layer(
        ClonedConv2D,
        {
            "filters": 3,
            "student": student,
            "symmetry": symmetry,
            "anchor": "l2-sp",
            "anchor_strength": 0.5,
            "activation": "relu",
            "kernel_regularizer": "l2",
        },
        [draw(rng, student)],
        (4, 4, 4, *GROUPS[group].representation_shape, 3),
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_trainable_blocks_change_and_break_the_symmetry(rng):
    layer = ClonedConv2D(3, solved(), symmetry="trainable")
    model = classifier(layer)
    images = fit(model, rng, epochs=20)
    assert sc.equivariance_error(layer, "c4", images) > 1e-3


@pytest.mark.parametrize(
    ("anchor", "strengths"),
    [
        ("kl", (1, 1e3, 1e4)),
        later("l2-sp", (1e-3, 0.3, 5)),
    ],
)
@pytest.mark.slow
def test_stronger_anchors_leave_weights_nearer_to_the_clone(anchor, strengths):
    distances = []
    for strength in strengths:
        keras.utils.set_random_seed(0)
        layer = ClonedConv2D(
            3, solved(), "anchored", anchor=anchor, anchor_strength=strength
        )
        fit(classifier(layer), np.random.default_rng(0), 30, keras.optimizers.SGD(0.05))
        distances.append(float(layer.anchor_penalty()))
    assert distances[0] > 2 * distances[1] > 4 * distances[2] > 0


@pytest.mark.slow
def test_anchors_survive_saving(rng, tmp_path):
    layer = ClonedConv2D(2, solved(), "anchored", anchor="l2-sp")
    model = classifier(layer)
    fit(model, rng)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras").layers[0]
    assert float(layer.anchor_penalty()) > 0
    assert float(loaded.anchor_penalty()) == pytest.approx(
        float(layer.anchor_penalty()), rel=1e-5
    )


def test_students_are_not_quantized(rng):
    model = keras.Sequential([keras.Input((6, 6, 8)), ClonedConv2D(1, solved())])
    images = rng.normal(size=(2, 6, 6, 8)).astype("float32")
    before = model.predict_on_batch(images)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.quantize("int8")
    messages = [str(each.message) for each in caught]
    text = "Layer Dense does not have a `quantize`"
    assert sum(text in message for message in messages) == 2
    assert {weight.dtype for weight in model.weights} == {"float32"}
    np.testing.assert_array_equal(model.predict_on_batch(images), before)


@pytest.mark.parametrize("dtype", ["bfloat16", "mixed_float16"])
def test_anchors_are_as_precise_as_the_weights(dtype):
    layer = ClonedConv2D(2, solved(), "anchored", "l2-sp", 1.0, dtype=dtype)
    layer.build((None, 6, 6, 1))
    assert float(layer.anchor_penalty()) == 0


def test_a_clone_with_its_report_is_refused():
    with pytest.raises(TypeError, match="`clone` with its report"):
        ClonedConv2D(3, (solved(), None))


@pytest.mark.slow
def test_exports_as_part_of_a_model(rng, tmp_path):
    model = classifier(ClonedConv2D(3, solved()))
    images = rng.normal(size=(3, 6, 6, 1)).astype("float32")
    expected = model.predict_on_batch(images)
    model.export(tmp_path / "model", verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "model"))
    np.testing.assert_allclose(loaded.serve(images), expected, atol=1e-5)


def test_mixed_precision_keeps_the_student_in_float32(rng):
    layer = ClonedConv2D(3, solved(), dtype="mixed_float16")
    inputs = rng.normal(size=(1, 6, 6, 1))
    outputs = layer(inputs)
    assert outputs.dtype == "float16"
    assert layer.student.compute_dtype == "float32"
    expected = ClonedConv2D.from_kernel(layer.kernel, layer.student)(inputs)
    np.testing.assert_allclose(outputs, expected, atol=0.02)


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
        ({"compute": "magic"}, "`compute` must be one of auto, blocks"),
        ({"anchor": "rope"}, "`anchor` must be one of kl, l2"),
        ({"anchor_strength": -1}, "`anchor_strength` must be a positive"),
        ({"filters": 0}, "`filters` must be a positive integer"),
    ],
)
def test_bad_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        ClonedConv2D(**{"filters": 2, "student": solved(), **options})


@pytest.mark.parametrize("compute", ["auto", "blocks"])
def test_nan_and_infinity_spread_as_in_a_keras_convolution(rng, compute):
    """And further in Dense blocks, which multiply every pixel, if only by zero."""
    inputs = rng.normal(size=(3, 6, 6, 1)).astype("float32")
    inputs[1, 0, 0], inputs[2, 5, 5] = np.nan, np.inf
    layer = keras.layers.Conv2D(2, 3)
    layer.build(inputs.shape)
    expected, found = (
        np.isfinite(f(inputs))
        for f in (
            layer,
            ClonedConv2D.from_conv(layer, solved("t2"), compute=compute),
        )
    )
    if compute == "auto":
        np.testing.assert_array_equal(found, expected)
        return
    assert expected[0].all()
    assert found[0].all()
    assert not (found & ~expected).any()
    assert not found[1:].all()

import copy
from types import MappingProxyType

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from untied import built, untied

import symclone_tf as sc
from symclone_tf.layers import Cloned, OrbitDense
from symclone_tf.networks import layer_errors
from symclone_tf.symmetry import cyclic, icosahedron, symmetric

from cases import later
from clones import draw, relative, solved
from drawn import transposed_convolutions
from layer_checks import check_layer

POSITIONS = 6


def taught(group=None, group_out=None, **options):
    teacher = sc.OrbitTeacher(group or cyclic(POSITIONS), group_out)
    options = {"solver": "closed-form", "verbose": 0, **options}
    return sc.clone(teacher, **options)[0]


@pytest.mark.parametrize("student", ["dense", later("local")])
@pytest.mark.parametrize(
    ("symmetry", "anchor", "weights", "trainable"),
    [
        ("frozen", "l2-sp", 4, 2),
        later("trainable", "l2-sp", 4, 4),
        later("anchored", "decoupled-l2-sp", 6, 4),
        ("anchored", "transformed-inputs", 6, 4),
    ],
)
def test_behaves_as_a_keras_layer(
    rng, tmp_path, student, symmetry, anchor, weights, trainable
):
    student = taught(student=student)
    check_layer(
        Cloned,
        {
            "filters": 3,
            "student": student,
            "symmetry": symmetry,
            "anchor": anchor,
            "seed": 4,
            "activation": "relu",
            "kernel_regularizer": "l2",
        },
        [draw(rng, student)],
        (4, POSITIONS, 3),
        weights=weights,
        trainable=trainable,
        path=tmp_path / "model.keras",
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("group", "group_out"),
    [
        (cyclic(POSITIONS), None),
        (symmetric(9), None),
        (icosahedron(12), icosahedron(20)),
    ],
)
def test_computes_what_the_equivariant_layer_does(rng, group, group_out):
    exact = OrbitDense(4, group, group_out)
    student = taught(group, group_out)
    x = draw(rng, student)
    exact.build(x.shape)
    exact.bias.assign(rng.normal(size=exact.bias.shape))
    cloned = Cloned.from_kernel(exact.kernel, student, exact.bias[0])
    assert cloned.computes_as() == "blocks"
    assert relative(np.asarray(cloned(x)), np.asarray(exact(x))) < 1e-5


def test_takes_students_of_convolutions_too(rng):
    student = solved(image_size=7)
    x = draw(rng, student)
    keras.utils.set_random_seed(0)
    general = Cloned(3, student, activation="relu")
    expected = general(x)
    keras.utils.set_random_seed(0)
    special = sc.ClonedConv2D(3, student, activation="relu")
    np.testing.assert_array_equal(special(x), expected)
    assert general.computes_as() == "convolution"
    assert isinstance(special, Cloned)


def stacked(second, group=None):
    first = Cloned(4, taught(group), activation="relu", name="first")
    points = first.student.teacher.positions_in
    return keras.Sequential([keras.Input((points, 1)), first, second])


@pytest.mark.slow
@pytest.mark.parametrize(
    "symmetry",
    [later("frozen"), later("trainable"), "anchored"],
)
def test_preserves_or_breaks_the_symmetry(rng, symmetry):
    second = Cloned(
        1,
        taught(),
        symmetry,
        anchor="decoupled-l2-sp",
        anchor_strength=1.0,
        name="second",
    )
    model = stacked(second)
    x = rng.normal(size=(64, POSITIONS, 1)).astype("float32")
    y = x * (np.arange(POSITIONS) == 2)[:, None]
    model.compile(keras.optimizers.Adam(0.02), "mse")
    errors = sc.EquivarianceErrors(x, cyclic(POSITIONS))
    model.fit(x, y, epochs=6, verbose=0, callbacks=[errors])
    assert max(errors.history["first"]) < 1e-5
    before, *_, after = errors.history["second"]
    assert before < 1e-5
    assert after < 1e-5 if symmetry == "frozen" else after > 0.05
    whole = sc.equivariance_error(model, cyclic(POSITIONS), x)
    assert whole < 1e-4 if symmetry == "frozen" else whole > 0.05
    if symmetry == "anchored":
        positions = second.deviation().positions
        assert positions.shape == (POSITIONS,)
        assert errors.deviations["second"][-1].norm == pytest.approx(
            second.deviation().norm
        )


@pytest.mark.slow
def test_errors_use_the_action_on_outputs_that_the_layer_declares(rng):
    faces = icosahedron(20)
    exact = OrbitDense(2, icosahedron(12), faces, name="exact")
    cloned = Cloned(3, taught(faces), name="cloned")
    model = keras.Sequential([keras.Input((12, 1)), exact, cloned])
    model.layers[0].bias.assign(rng.normal(size=(1, 2)))
    x = rng.normal(size=(4, 12, 1)).astype("float32")
    with pytest.warns(UserWarning, match="cloned is not measured: A permutation of 12"):
        errors = layer_errors(model, x, icosahedron(12))
    assert list(errors) == ["exact"]
    assert errors["exact"] < 1e-5
    assert sc.equivariance_error(model, icosahedron(12), x, group_out=faces) < 1e-5


@pytest.mark.parametrize("group", [cyclic(POSITIONS), symmetric(32)])
def test_initial_outputs_are_as_large_as_those_of_the_equivariant_layer(rng, group):
    x = rng.normal(size=(50, group.points, 64)).astype("float32")
    sizes = [
        np.std(np.asarray(layer(x)))
        for layer in (Cloned(64, taught(group)), OrbitDense(64, group))
    ]
    assert sizes == pytest.approx([1, 1], rel=0.1)


@pytest.mark.slow
def test_becomes_plain_layers(rng, tmp_path):
    model = stacked(Cloned(2, taught(), "trainable", activation="tanh", name="second"))
    plain = sc.fuse_network(model)
    x = rng.normal(size=(4, POSITIONS, 1)).astype("float32")
    np.testing.assert_allclose(plain.model(x), model(x), atol=1e-5)
    assert set(plain.layers) == {"first", "second"}
    path = sc.export_layer(model.layers[0], tmp_path)
    assert path.parent.name == "cyclic-6-c1-f4"


@pytest.mark.slow
def test_transformed_inputs_regularise_towards_equivariance(rng):
    """The data breaks the symmetry; a larger share leaves a smaller error."""
    x = rng.normal(size=(256, POSITIONS, 1)).astype("float32")
    y = x * (np.arange(POSITIONS) == 2)[:, None]
    errors = []
    for share in (0.05, 0.95):
        keras.utils.set_random_seed(0)
        layer = Cloned(1, taught(), "anchored", anchor_strength=share, seed=0)
        model = keras.Sequential([keras.Input((POSITIONS, 1)), layer])
        model.compile(keras.optimizers.Adam(0.01), "mse")
        model.fit(x, y, epochs=15, verbose=0)
        errors.append(sc.equivariance_error(model, cyclic(POSITIONS), x))
    assert errors[0] > 2 * errors[1]


@pytest.mark.slow
def test_layers_that_share_a_student_treat_it_alike():
    student = taught()
    Cloned(1, copy.deepcopy(student), "frozen")
    layer = Cloned(1, student, "trainable")
    with pytest.raises(ValueError, match="The student is trainable in another layer"):
        Cloned(1, student, "frozen")
    assert layer.student is student


def test_bad_input_is_refused():
    layer = Cloned(1, taught())
    message = (
        r"cloned for inputs of shape \(batch, 6, channels\). Received: .*\(2, 5, 1\)"
    )
    with pytest.raises(ValueError, match=message):
        layer(np.zeros((2, 5, 1), "float32"))
    with pytest.raises(TypeError, match="`student` must be a Student"):
        Cloned(1, "dense")
    with pytest.raises(ValueError, match="`symmetry` must be one of"):
        Cloned(1, taught(), "thawed")
    with pytest.raises(ValueError, match=r"Unrecognized keyword arguments.*groups"):
        Cloned(2, taught(), groups=2)


@pytest.mark.slow
def test_a_layer_of_signals_takes_over_the_configuration(rng):
    layer = keras.layers.Conv1D(3, 3, padding="causal", activation="tanh", name="one")
    layer.build((None, 10, 2))
    teacher = sc.teachers.TranslationConvTeacher(10, padding="causal")
    student, _ = sc.clone(teacher, student="local", solver="closed-form", verbose=0)
    cloned = sc.layers.Cloned.from_conv(layer, student, symmetry="anchored")
    assert (cloned.name, cloned.activation) == ("one", keras.activations.tanh)
    signals = rng.normal(size=(2, 10, 2)).astype("float32")
    np.testing.assert_allclose(cloned(signals), layer(signals), atol=1e-5)
    assert cloned(signals, training=True).shape == (2, 10, 3)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (keras.layers.Conv1D(3, 3), "The student imitates .*causal.*'valid'"),
        (keras.layers.Conv3D(3, 3), "has other axes"),
        (
            keras.layers.Conv2D(3, 3),
            "of a built Conv1D or Conv3D.*Conv2D",
        ),
    ],
)
def test_other_convolutions_are_not_taken_over(layer, message):
    layer.build((None, *(10,) * (len(layer.kernel_size)), 2))
    student = sc.LocallyConnectedStudent(
        sc.teachers.TranslationConvTeacher(10, padding="causal")
    )
    with pytest.raises(ValueError, match=message):
        sc.layers.Cloned.from_conv(layer, student)


class TestTransposed:
    """Clones of transposed convolutions."""

    SHAPE = (4, 5, 2)
    STRIDED = MappingProxyType({"strides": 2, "padding": "same", "activation": "relu"})

    @pytest.mark.slow
    @pytest.mark.parametrize("compute", ["auto", "blocks"])
    @pytest.mark.parametrize("student", ["local", later("dense")])
    def test_outputs_and_gradients_are_those_of_keras(self, student, compute):
        @settings(max_examples=25, deadline=None, derandomize=True, database=None)
        @given(transposed_convolutions())
        def check(drawn):
            options, shape = drawn
            layer = built("Conv2DTranspose", shape, **options)
            cloned = untied(layer, shape, student, compute=compute)
            expected = "blocks" if compute == "blocks" else "convolution"
            assert cloned.computes_as() == expected
            rng = np.random.default_rng(1)
            inputs = tf.constant(rng.normal(size=(2, *shape)), tf.float32)

            def outputs_and_gradients(one):
                with tf.GradientTape() as tape:
                    tape.watch(inputs)
                    outputs = one(inputs)
                    loss = tf.reduce_sum(tf.square(outputs))
                by_input, by_kernel = tape.gradient(loss, [inputs, one.kernel.value])
                return outputs, by_input, np.array(by_kernel)

            *expected, by_kernel = outputs_and_gradients(layer)
            expected.append(by_kernel.swapaxes(-1, -2))
            for one, other in zip(outputs_and_gradients(cloned), expected):
                largest = max(1.0, float(np.abs(other).max()))
                np.testing.assert_allclose(one, other, atol=1e-4 * largest)

        check()

    @pytest.mark.slow
    @pytest.mark.parametrize("student", ["local", "dense"])
    def test_frozen_ones_are_one_transposed_convolution(self, rng, student):
        layer = built("Conv2DTranspose", self.SHAPE, **self.STRIDED)
        inputs = rng.normal(size=(2, *self.SHAPE)).astype("float32")
        for options in ({}, {"symmetry": "trainable", "trainable_part": "encoder"}):
            cloned = untied(layer, self.SHAPE, student, **options)
            graph = tf.function(cloned).get_concrete_function(inputs).graph
            kinds = [operation.type for operation in graph.get_operations()]
            assert kinds.count("Conv2DBackpropInput") == 1
            assert "BatchMatMulV2" not in kinds
            assert relative(cloned(inputs), layer(inputs)) < 1e-5

    def test_takes_over_what_a_layer_is_trained_with(self):
        layer = built(
            *("Conv2DTranspose", self.SHAPE),
            name="up",
            kernel_regularizer=keras.regularizers.L1L2(0.1, 0.2),
            kernel_constraint="non_neg",
            bias_regularizer="l2",
            activity_regularizer="l1",
            kernel_initializer="he_normal",
            trainable=False,
            dtype="mixed_bfloat16",
        )
        cloned = untied(layer, self.SHAPE, symmetry="trainable")
        inputs = np.ones((2, *self.SHAPE), "float32")
        cloned(inputs), layer(inputs)
        losses = [float(sum(one.losses)) for one in (cloned, layer)]
        assert losses[0] == pytest.approx(losses[1], rel=1e-2)
        assert cloned.kernel.constraint is layer.kernel_constraint
        assert cloned.kernel_initializer is layer.kernel_initializer
        assert (cloned.name, cloned.trainable_weights) == ("up", [])
        assert cloned.dtype_policy.name == "mixed_bfloat16"
        assert cloned(inputs).dtype == "bfloat16"

    @pytest.mark.parametrize("compute", ["auto", "blocks"])
    def test_channels_first(self, rng, tmp_path, compute):
        """Compared with channels last, which TensorFlow computes on CPUs too."""
        last = built("Conv2DTranspose", self.SHAPE, **self.STRIDED)
        shape = (self.SHAPE[-1], *self.SHAPE[:-1])
        layer = built(
            *("Conv2DTranspose", shape), data_format="channels_first", **self.STRIDED
        )
        cloned = untied(layer, shape, compute=compute)
        inputs = rng.normal(size=(2, *shape)).astype("float32")
        expected = np.moveaxis(last(np.moveaxis(inputs, 1, -1)), -1, 1)
        np.testing.assert_allclose(cloned(inputs), expected, atol=1e-4)
        assert cloned.compute_output_shape((None, *shape)) == (None, 3, 8, 10)
        model = keras.Sequential([keras.Input(shape), cloned])
        model.save(tmp_path / "model.keras")
        again = keras.saving.load_model(tmp_path / "model.keras")
        np.testing.assert_array_equal(again(inputs), model(inputs))
        with pytest.raises(ValueError, match=r"shape \(batch, channels, 4, 5\)"):
            cloned(np.moveaxis(inputs, 1, -1))

    @pytest.mark.slow
    def test_are_trained_saved_and_exported(self, rng, tmp_path):
        layer = built("Conv2DTranspose", self.SHAPE, **self.STRIDED)
        options = {"symmetry": "anchored", "anchor_strength": 0.3, "seed": 1}
        cloned = untied(layer, self.SHAPE, **options)
        model = keras.Sequential([keras.Input(self.SHAPE), cloned])
        model.compile("adam", "mse")
        inputs = rng.normal(size=(8, *self.SHAPE)).astype("float32")
        before = model.predict(inputs, verbose=0)
        np.testing.assert_allclose(before, layer(inputs), atol=1e-4)
        model.fit(inputs, np.zeros_like(before), verbose=0)
        assert cloned.deviation().norm > 0
        assert cloned.deviation().positions.shape == (80,)
        after = model.predict(inputs, verbose=0)
        assert np.abs(after - before).max() > 1e-3
        model.save(tmp_path / "model.keras")
        again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
        np.testing.assert_array_equal(again.predict(inputs, verbose=0), after)
        model.export(tmp_path / "served", verbose=False)
        served = tf.saved_model.load(str(tmp_path / "served"))
        np.testing.assert_allclose(served.serve(inputs), after, atol=1e-5)

    @pytest.mark.slow
    def test_students_are_exported_and_loaded(self, rng, tmp_path):
        cloned = untied(built("Conv2DTranspose", self.SHAPE, strides=2), self.SHAPE)
        path = sc.export(cloned.student, tmp_path)
        assert path.parent.name == "t2-transposed-4x5-k3-s2-local"
        again = sc.load(path)
        assert again.teacher == cloned.student.teacher
        inputs = rng.normal(size=(2, *self.SHAPE)).astype("float32")
        np.testing.assert_array_equal(
            again(inputs, cloned.kernel), cloned.student(inputs, cloned.kernel)
        )

    @pytest.mark.slow
    def test_transformed_inputs_keep_the_mean_of_an_equivariant_layer(self, rng):
        layer = built("Conv2DTranspose", (6, 6, 2), kernel_size=2, strides=2)
        options = {"symmetry": "anchored", "anchor_strength": 1, "seed": 0}
        cloned = untied(layer, (6, 6, 2), **options)
        inputs = rng.normal(size=(4, 6, 6, 2)).astype("float32")
        outputs, expected = cloned(inputs, training=True), layer(inputs)
        inner = np.s_[:, 4:-4, 4:-4]  # what no translation by two pixels cuts off
        np.testing.assert_allclose(outputs[inner], expected[inner], atol=1e-4)
        assert relative(outputs, expected) > 0.1

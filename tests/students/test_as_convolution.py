import copy
import gc

import keras
import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.students.as_convolution import Convolving
from symclone_tf.teachers import TranslationConvTeacher

from cases import CASES, later
from clones import draw, relative, solved
from toys import WithoutReceptiveFields

GEOMETRIES = [
    {},
    {"padding": "same"},
    {"kernel_size": 2, "padding": "same"},
    {"kernel_size": 4},
    {"strides": 2},
    {"strides": 3, "padding": "same"},
    {"dilation_rate": 2},
    {"dilation_rate": 3, "padding": "same"},
    {"kernel_size": 1},
    {"kernel_size": 1, "strides": 2},
    {"kernel_size": 9},
]


class Plain(sc.DenseStudent):
    """Blocks that are known only by their outputs."""

    weights_at = Convolving.weights_at
    impulse_responses = Convolving.impulse_responses


def solved_student(kind, teacher, blocks=None):
    student = kind(teacher, blocks, seed=0)
    sc.cloning.solve(student)
    return student


@pytest.mark.parametrize("options", GEOMETRIES)
@pytest.mark.parametrize("kind", [sc.DenseStudent, sc.LocallyConnectedStudent, Plain])
def test_convolution_equals_the_blocks(rng, kind, options):
    student = solved_student(kind, sc.ConvTeacher("t2", 9, **options))
    assert student.translation_equivariance().is_convolution
    inputs = draw(rng, student)
    kernel = rng.normal(size=(*student.teacher.kernel_shape, 2, 3)).astype("float32")
    found = student.convolve(inputs, kernel)
    assert relative(found, student(inputs, kernel)) < 1e-5
    assert relative(found, student.teacher(inputs, kernel)) < 1e-5


@pytest.mark.parametrize("kind", [sc.DenseStudent, sc.LocallyConnectedStudent])
@pytest.mark.parametrize("size", [(1, 1), (2, 2), (2, 7)])
def test_kernels_without_a_position_away_from_padding_are_found_too(rng, kind, size):
    """From several positions, each of which meets other entries."""
    teacher = TranslationConvTeacher(size, 3, "same")
    student = solved_student(kind, teacher)
    inputs = draw(rng, student)
    kernel = rng.normal(size=(3, 3, 2, 3)).astype("float32")
    found = student.convolve(inputs, kernel)
    assert relative(found, teacher(inputs, kernel)) < 1e-5


@CASES
@pytest.mark.parametrize("student", ["dense", "local"])
@pytest.mark.parametrize("blocks", [later(9), 5])
def test_kernel_follows_the_formula(rng, group, lifting, student, blocks):
    """`K[v,g,c,h,o] = Σ_b W[v,b] · α[b,g,h,c,o]`, for fewer blocks too."""
    options = {"image_size": 6, "student": student, "blocks": blocks}
    student = solved(group, lifting, **options)
    teacher = student.teacher
    g, h, entries = (
        teacher.representation_in,
        teacher.representation_out,
        teacher.kernel_entries,
    )
    kernel = rng.normal(size=(*teacher.kernel_shape, 2, 3)).astype("float32")
    impulse = np.zeros((36, 36), "float32")
    np.fill_diagonal(impulse, 1)
    outputs = np.array(student.block_outputs(impulse))[:, :, 0]  # first position
    weights = outputs.reshape(6, 6, blocks)[:3, :3]
    encoder = np.reshape(student.encoder.kernel, (entries, blocks, g, h))
    alpha = np.einsum("eco,ebgh->bghco", kernel.reshape(entries, 2, 3), encoder)
    expected = np.einsum("uvb,bghco->uvgcho", weights, alpha).reshape(3, 3, g * 2, -1)
    assert relative(student.convolution_kernel(kernel), expected) < 1e-5


def test_receptive_fields_found_by_evaluation_suffice(rng):
    teacher = WithoutReceptiveFields("c4", 6)
    student = solved_student(sc.LocallyConnectedStudent, teacher)
    assert student.translation_equivariance().is_convolution
    inputs = draw(rng, student)
    kernel = rng.normal(size=(3, 3, 2, 3)).astype("float32")
    expected = student.teacher(inputs, kernel)
    assert relative(student.convolve(inputs, kernel), expected) < 1e-5


@pytest.mark.slow
class TestWeightsThatChange:
    def pair(self):
        student = solved("t2", image_size=6)
        layer = sc.ClonedConv2D(2, student, name="conv")
        return keras.Sequential([keras.Input((6, 6, 1)), layer]), student

    def test_are_measured_again_when_loaded(self, tmp_path, rng):
        model, student = self.pair()
        model.save_weights(tmp_path / "same.weights.h5")
        (weight,) = student.block_weights
        weight.assign(rng.normal(size=weight.shape))
        model.save_weights(tmp_path / "other.weights.h5")
        other, its_student = self.pair()
        other.load_weights(tmp_path / "other.weights.h5")
        assert not its_student.translation_equivariance().is_convolution
        inputs = draw(rng, student, 1)
        expected = its_student(inputs, other.layers[0].kernel)
        np.testing.assert_allclose(other(inputs), expected, atol=1e-5)
        other.load_weights(tmp_path / "same.weights.h5")
        assert its_student.translation_equivariance().is_convolution

    def test_warn_if_a_call_has_computed_as_a_convolution(self, tmp_path, rng):
        model, student = self.pair()
        (weight,) = student.block_weights
        before = weight.numpy().copy()
        weight.assign(rng.normal(size=weight.shape))
        model.save_weights(tmp_path / "other.weights.h5")
        weight.assign(before)
        inputs = draw(rng, student, 1)
        model.predict(inputs, verbose=0)
        with pytest.warns(UserWarning, match=r"has computed as a convolution.*again"):
            model.load_weights(tmp_path / "other.weights.h5")
        model.compile()
        expected = student(inputs, model.layers[0].kernel)
        np.testing.assert_allclose(
            model.predict(inputs, verbose=0), expected, atol=1e-5
        )

    def test_are_used_at_once_if_they_are_a_convolution_too(self, tmp_path, rng):
        """By traced functions too, which read weights when they run."""
        model, student = self.pair()
        inputs = draw(rng, student, 1)
        before = model.predict(inputs, verbose=0)
        (weight,) = student.block_weights
        weight.assign(weight * 2)
        model.save_weights(tmp_path / "twice.weights.h5")
        weight.assign(weight / 2)
        model.load_weights(tmp_path / "twice.weights.h5")
        after = model.predict(inputs, verbose=0)
        np.testing.assert_allclose(after, 2 * before, rtol=1e-4, atol=1e-5)

    def test_of_a_copy_are_measured_apart_from_the_original(self, tmp_path, rng):
        model, student = self.pair()
        twin = copy.deepcopy(student)
        assert student.translation_equivariance().is_convolution
        assert twin.translation_equivariance().is_convolution
        (weight,) = student.block_weights
        before = weight.numpy().copy()
        weight.assign(rng.normal(size=weight.shape))
        model.save_weights(tmp_path / "other.weights.h5")
        weight.assign(before)
        layer = sc.ClonedConv2D(2, twin, name="conv")
        other = keras.Sequential([keras.Input((6, 6, 1)), layer])
        other.load_weights(tmp_path / "other.weights.h5")
        assert not twin.translation_equivariance().is_convolution
        assert student.translation_equivariance().is_convolution
        np.testing.assert_array_equal(weight, before)

    @staticmethod
    def fine_tuned(student):
        """Trains a student within a layer."""
        layer = sc.ClonedConv2D(2, student, "trainable")
        model = keras.Sequential([keras.Input((6, 6, 1)), layer])
        model.compile(keras.optimizers.Adam(0.05), "mse")
        inputs = np.random.default_rng(0).normal(size=(4, 6, 6, 1))
        model.fit(inputs, np.zeros((4, 4, 4, 2)), epochs=3, verbose=0)
        return layer

    @pytest.mark.parametrize("student", ["dense", "local"])
    def test_are_measured_again_while_they_train_and_after(self, rng, student):
        student = solved("t2", image_size=6, student=student)
        assert student.translation_equivariance().is_convolution
        layer = self.fine_tuned(student)
        assert not student.translation_equivariance().is_convolution
        fused = sc.fuse(layer)
        assert fused.form != "convolution"
        layer.trainable = False
        assert not student.translation_equivariance().is_convolution

    def test_are_measured_again_by_a_later_layer(self, rng):
        student = solved("t2", image_size=6)
        inputs = draw(rng, student, 1)
        first = sc.ClonedConv2D(2, student)
        first(inputs)
        assert first.computes_as() == "convolution"
        del first
        gc.collect()
        self.fine_tuned(student)
        gc.collect()
        later = sc.ClonedConv2D(2, student)
        outputs = later(inputs)
        assert later.computes_as() == "blocks"
        np.testing.assert_allclose(outputs, student(inputs, later.kernel))

    def test_are_measured_again_after_cloning(self):
        student = sc.DenseStudent(sc.ConvTeacher("t2", 6), seed=0)
        student.build()
        assert (
            student.translation_equivariance().reason
            == "its blocks are zero, as before cloning"
        )
        sc.cloning.solve(student)
        assert student.translation_equivariance().is_convolution
        fresh = sc.LocallyConnectedStudent(sc.ConvTeacher("t2", 6), seed=0)
        fresh.build()
        assert not fresh.translation_equivariance().is_convolution
        cloner = sc.Cloner(fresh)
        cloner.compile()
        cloner.fit(epochs=1, steps_per_epoch=80, verbose=0)
        assert fresh.translation_equivariance().is_convolution

"""Layers that share a student treat it alike."""

import copy

import keras
import numpy as np
import pytest

from symclone_tf.layers.cloned_conv2d import ClonedConv2D

from cases import later
from clones import draw, solved


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


@pytest.mark.slow
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


@pytest.mark.slow
def test_cloned_models_have_students_of_their_own():
    layer = ClonedConv2D(3, solved(), "trainable")
    model = keras.Sequential([keras.Input((6, 6, 1)), layer])
    copied = keras.models.clone_model(model)
    assert copied.layers[0].student is not model.layers[0].student


class TestSharing:
    @pytest.mark.slow
    def test_layers_have_to_treat_the_student_alike(self):
        student = solved()
        layer = ClonedConv2D(3, student)
        with pytest.raises(ValueError, match=r"is frozen in another layer.*trainable"):
            ClonedConv2D(3, student, "trainable")
        assert layer.student is student
        ClonedConv2D(3, copy.deepcopy(student), "trainable")

    @pytest.mark.slow
    @pytest.mark.parametrize("other", [("kl", 5.0), later(("l2-sp", 6.0))])
    def test_anchors_have_to_be_alike_too(self, other):
        student = solved()
        layer = ClonedConv2D(3, student, "anchored", "l2-sp", 5.0)
        message = (
            rf"anchored l2-sp 5\.0 in another layer.*anchored {other[0]} {other[1]}"
        )
        with pytest.raises(ValueError, match=message):
            ClonedConv2D(3, student, "anchored", *other)
        assert layer.student is student

    def test_later_layers_have_the_anchors_of_the_first(self):
        student = solved()
        first = ClonedConv2D(3, student, "anchored", "l2-sp", 5.0)
        first.build((None, 6, 6, 1))
        for weight in student.weights:
            weight.assign_add(np.ones(weight.shape))
        penalty = keras.ops.convert_to_numpy(sum(first.losses))
        second = ClonedConv2D(2, student, "anchored", "l2-sp", 5.0)
        second.build((None, 6, 6, 1))
        assert penalty > 0
        assert keras.ops.convert_to_numpy(sum(first.losses)) == penalty
        found = keras.ops.convert_to_numpy(second.anchor_penalty())
        assert found == pytest.approx(penalty / 5)

    @pytest.mark.slow
    def test_students_of_deleted_layers_are_free(self):
        student = solved()
        layer = ClonedConv2D(3, student, "anchored", "l2-sp", 5.0)
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

    @pytest.mark.slow
    def test_anchored_layers_of_one_student_come_back(self, rng, tmp_path):
        student = solved(lifting=False, padding="same")
        inputs = keras.Input((6, 6, 4, 1))
        outputs = inputs
        for filters in (3, 2):
            outputs = ClonedConv2D(filters, student, "anchored", "l2-sp", 1.0)(outputs)
        model = keras.Model(inputs, outputs)
        student.encoder.kernel.assign_add(np.ones(student.encoder.kernel.shape))
        model.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        assert float(sum(loaded.losses)) == pytest.approx(float(sum(model.losses)))
        assert float(sum(model.losses)) > 0

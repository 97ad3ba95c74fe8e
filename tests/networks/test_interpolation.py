"""What interpolation adds is the error of the teacher with a clone's kernel."""

import keras
import pytest
from keras import layers

import symclone_tf as sc
from symclone_tf.networks.interpolation import teacher_errors
from symclone_tf.networks.layer_equivariance import layer_errors

from cases import later
from networks import noise, on_group


@pytest.mark.parametrize("group", ["c8", later("d3")])
def test_exact_clones_err_as_their_teachers_and_broken_ones_more(rng, group):
    model = on_group(group)
    images = noise(model)
    own = teacher_errors(model, images, group)
    found = layer_errors(model, images, group)
    assert list(own) == ["lifting", "group"]
    assert found == pytest.approx(own, abs=1e-4)
    weight = model.get_layer("lifting").student.trainable_weights[0]
    weight.assign(weight + rng.normal(size=weight.shape, scale=0.1))
    broken = layer_errors(model, images, group)["lifting"]
    assert teacher_errors(model, images, group)["lifting"] == own["lifting"]
    assert broken > 1.05 * own["lifting"]


def test_group_convolutions_are_teachers_themselves_and_others_have_none(rng):
    convolutions = (
        layers.Conv2D(2, 3, name="plain"),
        sc.GroupConv2D(2, 3, "c8", activation="tanh", name="conv"),
    )
    model = keras.Sequential([keras.Input((12, 12, 1)), *convolutions])
    images = noise(model)
    own = teacher_errors(model, images, "c8")
    assert own == {"conv": layer_errors(model, images, "c8")["conv"]}


@pytest.mark.parametrize("group", ["flip", "c4", "t2", "oh"])
def test_groups_that_permute_have_none(group):
    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(2, 3)])
    assert teacher_errors(model, noise(model), group) == {}


def test_clones_of_another_group_have_none():
    model = on_group("flip")
    assert teacher_errors(model, noise(model), "c8") == {}

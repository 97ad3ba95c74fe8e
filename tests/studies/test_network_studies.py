"""What is measured of a trained network says which layers break a symmetry."""

import keras
import pytest

import symclone_tf as sc
from symclone_tf.studies import study_network

from networks import breaks_last, on_group


@pytest.fixture
def images(rng):
    return rng.uniform(size=(6, 12, 12, 3)).astype("float32")


def test_layers_are_told_apart_by_their_errors(images):
    model = breaks_last()
    study = study_network(model, images, "c4", "my cells/2")
    assert (study.preserved, study.broken) == (["one", "two"], ["plain"])
    assert study.name == "my-cells-2"
    assert study.errors == sc.networks.layer_errors(model, images, "c4")
    assert study.whole == sc.networks.network_error(model, images, "c4")
    assert study.deviations == {}
    assert study.history == {}
    assert study.notes == []


def test_errors_are_compared_with_those_of_interpolation(rng):
    study = study_network(on_group("c8", "frozen"), rng.normal(size=(2, 9, 9, 1)), "c8")
    assert study.own["lifting"] > 0.01
    assert study.broken == []
    assert set(study.deviations) == {"lifting", "group"}


def test_what_is_not_measured_is_noted(rng):
    conv = keras.layers.Conv2D(2, 3, name="conv")
    model = keras.Sequential([keras.Input((8, 8, 1)), conv])
    study = study_network(model, rng.normal(size=(2, 8, 8, 1)), "t2")
    assert study.maps is None
    assert study.whole is None
    assert study.preserved == ["conv"]
    assert any("Layer maps are not drawn" in note for note in study.notes)
    assert any("The network is not measured" in note for note in study.notes)


def test_other_images_are_refused(images):
    with pytest.raises(ValueError, match=r"`images` must have.*\(12, 12, 3\)"):
        study_network(breaks_last(), images[0])

import keras
import numpy as np
import pytest

from symclone_tf.experiments.training_recipes import AUGMENTATIONS
from symclone_tf.probe.augmentation import (
    KINDS,
    LAYERS,
    OPTIONS,
    augmentation_layers,
    augmentation_of,
    kind_of,
    layers_of,
)


@pytest.mark.parametrize(
    ("groups", "layers"),
    [
        (("t2",), ()),
        (("flip",), ("RandomFlip",)),
        (("c2", "c3", "c4", "c8"), ("RandomRotation",)),
        (("d2", "d4", "d6"), ("RandomFlip", "RandomRotation")),
    ],
)
def test_augmentation_has_what_a_group_has(groups, layers):
    assert {augmentation_of(group) for group in groups} == {layers}


def test_kinds_are_told_from_their_names():
    assert [kind_of(layers_of(kind)) for kind in KINDS] == list(KINDS)
    assert layers_of("may break") == ()
    assert augmentation_layers("assumed", 0) == []


@pytest.mark.parametrize("name", list(OPTIONS))
def test_what_is_printed_is_what_is_made(name):
    printed = eval(f"keras.layers.{name}({OPTIONS[name]}, seed=7)", {"keras": keras})
    made = AUGMENTATIONS[LAYERS[name]](7).get_config() | {"name": printed.name}
    assert made == printed.get_config()


def test_images_change_in_training_only(rng):
    images = rng.normal(size=(64, 9, 9, 1)).astype("float32")
    flip, rotation = augmentation_layers(KINDS[2], 0)
    for layer in (flip, rotation):
        assert np.array_equal(layer(images, training=False), images)
        assert not np.array_equal(layer(images, training=True), images)
    flipped = np.array(flip(images, training=True))
    same = [np.array_equal(a, b) for a, b in zip(flipped, images)]
    mirrored = [np.array_equal(a, b[:, ::-1]) for a, b in zip(flipped, images)]
    assert all(np.add(same, mirrored) == 1)
    assert 10 < sum(mirrored) < 54

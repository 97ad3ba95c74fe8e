"""Recipes: how many epochs, which images are held out, how images are augmented."""

import keras
import numpy as np
import pytest

from symclone_tf.experiments.training_recipes import (
    TRAINING_RECIPES,
    TrainingRecipe,
    augmentation_of,
)


@pytest.mark.parametrize(
    ("size", "batch_size", "epochs"),
    [
        (120, 64, 200),  # the most
        (1_000, 64, 100),  # 900 images, 15 steps an epoch
        (8_000, 64, 14),  # 7,200 images, 113 steps
        (60_000, 64, 8),  # the fewest
        (8_000, 450, 94),
    ],
)
def test_a_validated_recipe_takes_as_many_epochs_as_steps_need(
    size, batch_size, epochs
):
    assert TRAINING_RECIPES["validated"].epochs_of(size, batch_size) == epochs


def test_a_fixed_recipe_takes_the_same_epochs_of_any_data():
    fixed = TRAINING_RECIPES["fixed"]
    assert {fixed.epochs_of(size, 64) for size in (10, 1_000, 60_000)} == {8}
    assert {fixed.held_out(size) for size in (10, 1_000, 60_000)} == {0}


def test_a_tenth_of_many_images_is_held_out_and_none_of_few():
    recipe = TrainingRecipe(0.1, epochs=1, validated=True)
    assert [recipe.held_out(size) for size in (199, 200, 1_005)] == [0, 20, 100]


@pytest.mark.parametrize(
    ("augment", "kinds"),
    [
        (None, []),
        ("flip", [keras.layers.RandomFlip]),
        ("rotation,flip", [keras.layers.RandomRotation, keras.layers.RandomFlip]),
    ],
)
def test_layers_are_keras_own(augment, kinds):
    assert [type(layer) for layer in augmentation_of(augment)] == kinds


def test_layers_transform_in_training_alone_by_their_seed(rng):
    images = rng.uniform(size=(8, 9, 9, 2)).astype("float32")

    def augmented(seed, training):
        network = keras.Sequential(augmentation_of("flip,rotation", seed))
        return np.array(network(images, training=training))

    np.testing.assert_array_equal(augmented(0, training=False), images)
    first, again, other = (augmented(seed, training=True) for seed in (0, 0, 5))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - images).max() > 0.1
    assert np.abs(first - other).max() > 0.1


@pytest.mark.parametrize("augment", ["", "turn", "flip,flip", "flip,", 3])
def test_other_names_are_refused(augment):
    with pytest.raises(ValueError, match=r"`augment` must be .*Received: augment="):
        augmentation_of(augment)

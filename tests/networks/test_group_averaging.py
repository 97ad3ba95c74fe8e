"""What is around a network keeps the names of inputs and outputs."""

import keras
import numpy as np
from keras import layers

from symclone_tf.networks.group_averaging import Averaging
from symclone_tf.symmetry import get_group


def test_names_are_the_given_networks_and_outputs_in_its_structure(rng):
    image, vector = keras.Input((4, 4, 1), name="image"), keras.Input((2,), name="age")
    flat = layers.Concatenate()([layers.Flatten()(image), vector])
    outputs = {"kind": layers.Dense(3, name="kind")(flat)}
    outputs["map"] = layers.Conv2D(1, 2, padding="same", name="map")(image)
    model = keras.Model({"image": image, "age": vector}, outputs, name="both")
    averaging = Averaging(get_group("c4"), "logits", ["softmax", ""])
    made = averaging.around(model, model, model.input)
    assert made.name == "both_c4"
    assert sorted(made.output_names) == ["kind", "map"]
    assert {tensor.name for tensor in made.inputs} == {"image", "age"}
    inputs = {
        "image": rng.normal(size=(2, 4, 4, 1)).astype("float32"),
        "age": rng.normal(size=(2, 2)).astype("float32"),
    }
    found = made(inputs)
    np.testing.assert_allclose(np.sum(found["kind"], axis=-1), 1, atol=1e-6)
    turned = {**inputs, "image": np.rot90(inputs["image"], 1, (1, 2))}
    again = made(turned)
    np.testing.assert_allclose(again["kind"], found["kind"], atol=1e-6)
    np.testing.assert_allclose(
        again["map"], np.rot90(found["map"], 1, (1, 2)), atol=1e-6
    )


def test_outputs_do_not_share_the_name_of_the_network():
    parts = [keras.Input((2, 2, 1)), layers.Flatten(name="net")]
    model = keras.Sequential(parts, name="net")
    averaging = Averaging(get_group("flip"), "mean", [""])
    made = averaging.around(model, model, model.inputs[0])
    assert made.output_names == ["net_outputs"]

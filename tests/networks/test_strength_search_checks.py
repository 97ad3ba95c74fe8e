"""What a search for a strength takes."""

import keras
import numpy as np
import pytest

from symclone_tf.layers import UntiedGroupConv2D
from symclone_tf.networks.strength_search_checks import (
    check_model,
    mode_of,
    strengths_of,
)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"anchor": "transformed-inputs"}, [0.1, 0.3, 0.5]),
        ({"anchor": "proximal"}, [0.1, 0.3, 0.5]),
        ({"anchor": "decoupled-l2-sp"}, [10, 30, 90]),
        ({"anchor": "decoupled-l2-sp", "anchor_strength": 6.0}, [2, 6, 18]),
    ],
)
def test_strengths_are_in_units_of_the_anchor(options, expected):
    layer = UntiedGroupConv2D(2, 3, "c4", symmetry="anchored", **options)
    assert strengths_of(None, layer) == pytest.approx(expected)
    given = np.array([0.2, 0.4], "float32")
    assert strengths_of(given, layer) == pytest.approx([0.2, 0.4])


def test_what_is_best_is_known_of_losses_and_accuracies_alone():
    assert mode_of("loss", None) == "min"
    assert mode_of("sparse_categorical_accuracy", None) == "max"
    assert mode_of("mae", "max") == "max"
    with pytest.raises(ValueError, match="`mode` must be one of"):
        mode_of("loss", "least")


def test_several_outputs_and_trainings_of_ones_own_are_refused():
    class Own(keras.Model):
        def train_step(self, *data):
            return {}

    inputs = keras.Input((2,))
    with pytest.raises(ValueError, match="Own, which has a train_step of its own"):
        check_model(Own(inputs, keras.layers.Dense(1)(inputs)))
    with pytest.raises(ValueError, match=r"must have one output. Received: 2 outputs"):
        check_model(keras.Model(inputs, [inputs + 1, inputs + 2]))

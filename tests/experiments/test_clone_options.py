"""Options that only networks of clones have."""

import pytest

from symclone_tf.experiments.clone_options import layer_options, options_of_clones
from symclone_tf.experiments.experiment import Experiment


def test_clones_have_defaults_and_others_none():
    found = options_of_clones(Experiment("cloned", symmetry="anchored"), 4)
    assert found == {
        "symmetry": "anchored",
        "blocks": 9,
        "student": "dense",
        "regions": None,
        "trainable_part": "all",
        "anchor": "transformed-inputs",
        "anchor_strength": 0.2,
    }
    assert set(options_of_clones(Experiment("cnn"), 4).values()) == {None}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"architecture": "cnn", "blocks": 3}, "`blocks` is for `architecture` cloned"),
        ({"regions": 2}, "`regions` is for `student` regional only"),
        ({"anchor": "kl"}, "`anchor` is for `symmetry` anchored only"),
    ],
)
def test_options_of_others_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        options_of_clones(Experiment(**options), 4)


def test_layers_are_given_what_was_chosen():
    frozen = Experiment("cloned").complete()
    assert layer_options(frozen) == {"symmetry": "frozen"}
    anchored = Experiment("cloned", symmetry="anchored", anchor="kl").complete()
    assert layer_options(anchored) == {
        "symmetry": "anchored",
        "anchor": "kl",
        "anchor_strength": 1000,
        "trainable_part": "all",
    }

import pytest

from symclone_tf.networks import network_students


def sizes(**options):
    return [s.image_size for s in network_students("c4", **options)]


def test_layers_are_those_of_the_mnist_network():
    assert sizes() == [28, 26, 12, 10]
    assert sizes(canvas=40) == [40, 38, 18, 16]
    assert sizes(padding="same") == [28, 28, 14, 14]


def test_only_the_first_layer_lifts():
    assert [s.lifting for s in network_students("c4")] == [True, False, False, False]


def test_options_reach_every_student():
    assert {s.blocks for s in network_students("t2", blocks=7)} == {7}


def test_canvas_too_small_for_the_last_layer_is_refused():
    with pytest.raises(ValueError, match=r"convolution 4 .* 2×2 .*canvas=12"):
        network_students("c4", canvas=12)

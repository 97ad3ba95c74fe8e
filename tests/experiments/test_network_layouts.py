import pytest

from symclone_tf.experiments.network_layouts import filters_of, network_students


def sizes(**options):
    return [s.teacher.image_size for s in network_students("c4", **options)]


def test_layers_are_those_of_the_image_network():
    assert sizes() == [28, 26, 12, 10]
    assert sizes(canvas=40) == [40, 38, 18, 16]
    assert sizes(padding="same") == [28, 28, 14, 14]


def test_only_the_first_layer_lifts():
    assert [s.teacher.lifting for s in network_students("c4")] == [
        True,
        False,
        False,
        False,
    ]


def test_options_reach_every_student():
    assert {s.blocks for s in network_students("t2", blocks=7)} == {7}


@pytest.mark.parametrize(
    ("canvas", "pairs"), [(16, 2), (64, 2), (65, 3), (128, 3), (129, 4), (512, 5)]
)
def test_each_doubling_beyond_64_pixels_has_one_more_pair(canvas, pairs):
    filters = filters_of(canvas)
    assert len(filters) == 2 * pairs
    assert filters[:4] == (10, 10, 20, 20)
    assert filters[-1] == 10 * 2 ** (pairs - 1)
    sizes = [s.teacher.image_size for s in network_students("c4", canvas=canvas)]
    assert len(sizes) == len(filters)
    assert sizes[0] == canvas
    assert sizes[-1] >= 3

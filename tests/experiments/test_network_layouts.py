import pytest

from symclone_tf.experiments.network_layouts import (
    exact_blocks,
    filters_of,
    kernel_size_of,
    network_students,
)
from symclone_tf.symmetry.steerable_basis import least_kernel


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


def test_regions_are_at_most_a_layers_outputs():
    made = network_students("t2", 16, student="regional", regions=(3, 5))
    planes = [student.teacher.output_shape for student in made]
    assert planes == [(14, 14), (12, 12), (4, 4), (2, 2)]
    assert [student.regions for student in made] == [(3, 5), (3, 5), (3, 4), (2, 2)]
    default = network_students("t2", 16, student="regional")
    assert [student.regions for student in default] == [(4, 4), (4, 4), (2, 2), (1, 1)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"student": "local", "regions": 2}, "`regions` is not for `student` local"),
        ({"regions": 2}, "`regions` is not for `student` dense"),
        ({"student": "regional", "regions": 0}, "`regions` must be a positive integer"),
        ({"student": "regional", "regions": (2,)}, "of which there are 2"),
    ],
)
def test_other_regions_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        network_students("c4", **options)


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


@pytest.mark.parametrize(
    ("group", "size"),
    [("t2", 3), ("d4", 3), ("c8", 3), ("d8", 3), ("c9", 5), ("d16", 5), ("c17", 7)],
)
def test_kernels_are_the_smallest_that_tell_rotations_apart(group, size):
    assert kernel_size_of(group) == size
    rotations = int(group[1:]) if size > 3 else 8
    assert size - 2 < least_kernel(rotations) <= size
    assert {s.teacher.kernel_size for s in network_students(group, 64)} == {size}
    assert {s.blocks for s in network_students(group, 64)} == {exact_blocks(group)}


def test_a_canvas_that_is_too_small_for_many_rotations_is_refused():
    assert network_students("c12", 28)
    with pytest.raises(ValueError, match=r"kernels of 5×5.*canvas=20") as refused:
        network_students("c12", 20)
    assert "\n" not in str(refused.value)


def test_kernels_of_another_size_are_asked_for():
    assert {s.teacher.kernel_size for s in network_students("c8", kernel_size=5)} == {5}
    with pytest.raises(ValueError, match="C16 has 16 rotations, which kernels of 5"):
        network_students("c16", kernel_size=3)

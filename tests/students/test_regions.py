import itertools

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from symclone_tf.students.regions import (
    at_positions,
    check_regions,
    check_regions_option,
    intervals,
    parts_along,
    region_numbers,
)
from symclone_tf.teachers import ConvTeacher, SlidingWindow, TranslationConvTeacher

from references import region_edges, region_of

PAIRS = st.tuples(st.integers(1, 60), st.integers(1, 60))
COUNTS = PAIRS.map(lambda pair: (max(pair), min(pair)))


@given(PAIRS)
def test_intervals_are_as_equal_as_possible(pair):
    count, number = pair
    found = intervals(count, number)
    edges = [0, *(stop for _, stop in found)]
    assert found == list(itertools.pairwise(edges))
    assert edges[-1] == count
    assert len(found) == number
    sizes = [stop - start for start, stop in found]
    assert max(sizes) - min(sizes) <= 1
    assert edges == region_edges(count, number)


@given(COUNTS)
def test_intervals_are_the_same_from_either_end(pair):
    """But for an even number of intervals of an odd number of positions."""
    count, number = pair
    sizes = [stop - start for start, stop in intervals(count, number)]
    if number % 2 or count % 2 == 0:
        assert sizes == sizes[::-1]
    assert sizes[: number // 2 - 1] == sizes[::-1][: number // 2 - 1] or number < 4


@given(PAIRS)
@settings(max_examples=20, deadline=None)
def test_intervals_of_a_size_that_is_not_known_are_the_same(pair):
    count, number = pair
    found = [
        int(edge) for edges in intervals(tf.constant(count), number) for edge in edges
    ]
    assert found == [edge for edges in intervals(count, number) for edge in edges]


@pytest.mark.parametrize(
    ("shape", "regions"), [((7,), (3,)), ((4, 6), (4, 1)), ((5, 3, 4), (2, 3, 2))]
)
def test_every_position_has_the_region_of_its_intervals(shape, regions):
    found = region_numbers(shape, regions)
    expected = [region_of(p, shape, regions) for p in range(np.prod(shape))]
    assert found.tolist() == expected


WINDOWS = [
    SlidingWindow(3),
    SlidingWindow(3, 2, padding="same"),
    SlidingWindow(2, 3),
    SlidingWindow(3, 1, 2, "causal"),
]


@pytest.mark.parametrize("window", WINDOWS, ids=str)
@pytest.mark.parametrize("regions", [1, 2, 4, 5])
def test_regions_with_outputs_are_computed_from_their_receptive_fields(window, regions):
    for size in range(window.extent, window.extent + 12):
        count = window.outputs(size)
        spans = intervals(count, regions)
        parts = parts_along(window, size, regions)
        filled = [number for number, (a, b) in enumerate(spans) if a < b]
        assert [part.region for part in parts] == filled
        for part in parts:
            start, stop = spans[part.region]
            last = (stop - 1) * window.stride + window.extent
            assert part.inputs == (start * window.stride, last)
            assert part.outputs is None


@pytest.mark.parametrize("window", WINDOWS, ids=str)
@pytest.mark.parametrize("regions", [2, 4, 5])
def test_where_sizes_are_not_known_all_regions_are_computed(window, regions):
    """From inputs that exist, and for one output at least."""
    for size in range(window.extent, window.extent + 12):
        count, (before, after) = window.outputs(size), window.padding_of(size)
        spans = intervals(count, regions)
        parts = parts_along(window, tf.constant(size), regions)
        assert [part.region for part in parts] == list(range(regions))
        edges = [tuple(map(int, part.inputs)) for part in parts]
        for part, (start, stop), (first, last) in zip(parts, spans, edges):
            assert int(part.outputs) == stop - start
            if stop > start:
                assert first == start * window.stride
            assert 0 <= first <= last - window.extent
            assert last <= before + size + after
            computed = (last - first - window.extent) // window.stride + 1
            assert computed == max(stop - start, 1)
        # As cutting and stitching need them.
        for starts_or_stops in zip(*edges):
            assert list(starts_or_stops) == sorted(starts_or_stops)


def test_weights_at_positions_have_dense_gradients(rng):
    """Sums over the positions of a region."""
    weights = tf.Variable(rng.normal(size=(6, 2, 3)))
    numbers = region_numbers((4, 5), (3, 2))
    with tf.GradientTape() as tape:
        found = at_positions(weights, (4, 5), (3, 2))
    np.testing.assert_array_equal(found, weights.numpy()[numbers])
    upstream = rng.normal(size=found.shape)
    gradient = tape.gradient(found, weights, output_gradients=upstream)
    expected = [upstream[numbers == t].sum(axis=0) for t in range(6)]
    np.testing.assert_allclose(gradient.numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("regions", "message"),
    [
        (0, "`regions` must be a positive integer, or one for each axis, .* are 2"),
        (-1, "Received: regions=-1"),
        (2.0, "must be a positive integer"),
        (True, "must be a positive integer"),
        ((2,), "of which there are 2"),
        ((2, 2, 2), "of which there are 2"),
        ((2, 0), "must be a positive integer"),
        ("2", "must be a positive integer"),
        (7, "must not exceed the 4×6 positions of the outputs of T"),
        ((5, 1), "must not exceed the 4×6"),
        ((1, 7), r"Received: regions=\(1, 7\)"),
    ],
)
def test_other_regions_are_refused(regions, message):
    with pytest.raises(ValueError, match=message):
        check_regions(ConvTeacher("t2", (6, 8)), regions)


def test_an_integer_is_for_every_axis():
    assert check_regions(ConvTeacher("t2", (6, 8)), 4) == (4, 4)
    assert check_regions(ConvTeacher("t2", (6, 8)), [4, 6]) == (4, 6)
    assert check_regions(TranslationConvTeacher((4, 4, 4)), 2) == (2, 2, 2)
    assert check_regions(ConvTeacher("t2", (6, 8)), np.int64(4)) == (4, 4)


def test_options_are_checked_before_it_is_known_what_has_regions():
    assert check_regions_option(None, "dense") is None
    assert check_regions_option(2, None) == 2
    assert check_regions_option([2, 3], "regional") == (2, 3)
    found = check_regions_option(np.array([2, 3]), None)
    assert (found, *map(type, found)) == ((2, 3), int, int)
    assert type(check_regions_option(np.int64(3), None)) is int
    for regions, student, message in (
        *(
            (
                other,
                None,
                r"must be a positive integer, or one for each axis, as \(2, 3",
            )
            for other in (0, "2x2", 2.5, (), True, (2, 0), (2, 2.0), np.array([2.0]))
        ),
        (2, "dense", "`regions` are those of `student` regional"),
    ):
        with pytest.raises(ValueError, match=message):
            check_regions_option(regions, student)

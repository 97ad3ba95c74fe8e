"""Overlapping parts are cut out, and their gradients stitched, as by the formula."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from symclone_tf.students.overlapping_parts import cut, joined, padded, stitched
from symclone_tf.students.regions import fields_of, intervals, parts_along
from symclone_tf.teachers import SlidingWindow

# Sizes, and for each axis a window and the number of regions.
CUTS = {
    "stride 1": [(9, SlidingWindow(3), 3)],
    "regions of one position": [(6, SlidingWindow(3), 4)],
    "one region": [(6, SlidingWindow(3), 1)],
    "a stride as large as the kernel": [(8, SlidingWindow(2, 2), 3)],
    "a stride larger than the kernel": [(11, SlidingWindow(2, 3), 4)],
    "inputs after the last field": [(12, SlidingWindow(2, 4), 2)],
    "dilated": [(11, SlidingWindow(3, 1, 3), 5)],
    "an image": [(7, SlidingWindow(3), 2), (9, SlidingWindow(2, 2), 4)],
    "a volume": [
        (5, SlidingWindow(3), 3),
        (6, SlidingWindow(1, 2), 2),
        (4, SlidingWindow(2), 3),
    ],
}


def spans_of(axes):
    return [
        fields_of(window, intervals(window.outputs(size), regions))
        for size, window, regions in axes
    ]


def overlaps_of(axes):
    return [window.extent - window.stride for _, window, _ in axes]


@pytest.mark.parametrize("case", CUTS)
def test_stitching_is_the_adjoint_of_cutting(rng, case):
    """`⟨cut(x), y⟩ = ⟨x, stitched(y)⟩`."""
    axes = CUTS[case]
    sizes, spans = [size for size, _, _ in axes], spans_of(axes)
    x = tf.constant(rng.normal(size=(2, *sizes, 3)))
    parts = cut(x, spans, overlaps_of(axes))
    assert len(parts) == np.prod([len(along) for along in spans])
    for part, along in zip(parts, itertools.product(*spans)):
        index = tuple(slice(*span) for span in along)
        np.testing.assert_array_equal(part, x.numpy()[(slice(None), *index)])
    y = [tf.constant(rng.normal(size=part.shape)) for part in parts]
    first = sum(np.vdot(a, b) for a, b in zip(parts, y))
    second = np.vdot(x, stitched(y, spans, sizes))
    assert first == pytest.approx(second, rel=1e-12)


@pytest.mark.parametrize("case", CUTS)
def test_gradients_of_parts_are_tensorflows(rng, case):
    axes = CUTS[case]
    spans = spans_of(axes)
    shape = (2, *(size for size, _, _ in axes), 3)
    x = tf.constant(rng.normal(size=shape))
    overlaps = overlaps_of(axes)
    parts = cut(x, spans, overlaps)
    upstream = [tf.constant(rng.normal(size=part.shape)) for part in parts]

    def slices(x):
        along = ([slice(*span) for span in spans_] for spans_ in spans)
        return [x[index] for index in itertools.product([slice(None)], *along)]

    gradients = []
    for function in (lambda x: cut(x, spans, overlaps), slices):
        with tf.GradientTape() as tape:
            tape.watch(x)
            parts = function(x)
        gradients.append(tape.gradient(parts, x, output_gradients=upstream))
    np.testing.assert_allclose(*gradients, rtol=1e-12, atol=1e-12)


def test_parts_of_a_size_that_is_not_known_have_gradients_too(rng):
    x = tf.constant(rng.normal(size=(2, 9, 3)))
    window = SlidingWindow(3)

    @tf.function(input_signature=[tf.TensorSpec((None, None, 3), tf.float64)])
    def gradient(x):
        outputs = window.outputs(tf.shape(x)[1])
        with tf.GradientTape() as tape:
            tape.watch(x)
            parts = cut(x, [fields_of(window, intervals(outputs, 3))], [2])
        return tape.gradient(parts, x)

    counts = np.zeros(9)
    for start, stop in fields_of(window, intervals(7, 3)):
        counts[start:stop] += 1
    np.testing.assert_array_equal(gradient(x), np.tile(counts[:, None], (2, 1, 3)))


@pytest.mark.parametrize(
    "window", [SlidingWindow(3), SlidingWindow(3, 2), SlidingWindow(2, 3)], ids=str
)
@pytest.mark.parametrize("size", [3, 4, 6, 13])
def test_parts_that_are_not_known_may_begin_together(rng, window, size):
    """Where there are fewer outputs than regions, with gradients as by slices."""

    @tf.function(input_signature=[tf.TensorSpec((None, None, 3), tf.float64)])
    def both(x):
        overlap = window.extent - window.stride
        parts = parts_along(window, tf.shape(x)[1], 5)
        spans = [part.inputs for part in parts]
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            found = cut(x, [spans], [overlap])
            slices = [x[:, slice(*span)] for span in spans]
            squares = [sum(map(tf.nn.l2_loss, each)) for each in (found, slices)]
        return [tape.gradient(square, x) for square in squares]

    x = tf.constant(rng.normal(size=(2, size, 3)))
    np.testing.assert_allclose(*both(x), rtol=1e-12)


def test_images_are_padded_by_known_and_by_unknown_sizes(rng):
    images = rng.normal(size=(2, 4, 3, 5)).astype("float32")
    expected = np.pad(images, ((0, 0), (1, 2), (0, 3), (0, 0)))
    np.testing.assert_array_equal(padded(images, ((1, 2), (0, 3))), expected)
    unknown = tf.constant([[1, 2], [0, 3]])
    found = padded(images, [tuple(tf.unstack(pair)) for pair in unknown])
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("shape", "regions"), [((7,), (3,)), ((4, 6), (2, 3)), ((4, 2, 3), (2, 1, 3))]
)
def test_outputs_of_all_regions_are_joined(rng, shape, regions):
    whole = rng.normal(size=(2, *shape, 3)).astype("float32")
    every = [intervals(*pair) for pair in zip(shape, regions)]
    parts = [
        whole[(slice(None), *(slice(*span) for span in spans))]
        for spans in itertools.product(*every)
    ]
    np.testing.assert_array_equal(joined(parts, [[None] * n for n in regions]), whole)
    # The first outputs of each, where it has more.
    longer = [np.concatenate([part, part], axis=1) for part in parts]
    counts = [[stop - start for start, stop in every[0]]]
    counts += [[None] * n for n in regions[1:]]
    np.testing.assert_array_equal(joined(longer, counts), whole)

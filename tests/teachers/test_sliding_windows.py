import keras
import numpy as np
import pytest
import tensorflow as tf

from symclone_tf.teachers import ConvTeacher, SlidingWindow, TranslationConvTeacher
from symclone_tf.teachers.sliding_windows import border_on, receptive_fields_on

WINDOWS = [
    SlidingWindow(size, stride, rate, padding)
    for size in (1, 2, 3, 4)
    for stride, rate in ((1, 1), (2, 1), (3, 1), (5, 1), (1, 2), (1, 3))
    for padding in ("valid", "same", "causal")
]


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_outputs_and_padding_are_those_of_keras(window):
    for count in range(window.extent, window.extent + 7):
        x = np.random.default_rng(count).normal(size=(1, count, 1)).astype("float32")
        layer = keras.layers.Conv1D(
            1,
            window.size,
            window.stride,
            window.padding,
            dilation_rate=window.dilation_rate,
            use_bias=False,
        )
        expected = np.ravel(layer(x))
        assert window.outputs(count) == len(expected)
        before, _ = window.padding_of(count)
        padded = np.pad(np.ravel(x), window.padding_of(count))
        fields = window.fields(count)
        found = padded[fields + before] @ np.ravel(layer.kernel)
        np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_sizes_that_are_not_known_have_the_same(window):
    for count in range(window.extent, window.extent + 7):
        unknown = tf.constant(count)
        assert int(window.outputs(unknown)) == window.outputs(count)
        found = tuple(map(int, window.padding_of(unknown)))
        assert found == window.padding_of(count)


class RoundedTowardsZero(int):
    """An integer that is divided as ONNX's are."""

    def __floordiv__(self, other):
        return RoundedTowardsZero(abs(self) // other * (1 if self >= 0 else -1))

    def __neg__(self):
        return RoundedTowardsZero(-int(self))

    def __add__(self, other):
        return RoundedTowardsZero(int(self) + int(other))

    def __sub__(self, other):
        return RoundedTowardsZero(int(self) - int(other))


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_they_do_not_depend_on_how_negative_numbers_are_divided(window):
    for count in range(window.extent, window.extent + 7):
        rounded = RoundedTowardsZero(count)
        assert window.outputs(rounded) == window.outputs(count)
        assert window.padding_of(rounded) == window.padding_of(count)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    "options", [{}, {"strides": (2, 3)}, {"dilation_rate": (1, 2)}]
)
def test_convolutions_have_one_for_each_axis(padding, options):
    options |= {"kernel_size": (2, 3), "padding": padding}
    plane = ConvTeacher("t2", (9, 10), **options)
    axes = TranslationConvTeacher((9, 10), **options)
    assert plane.windows == axes.windows
    sizes = [w.outputs(n) for w, n in zip(plane.windows, (9, 10))]
    assert plane.output_shape == axes.output_shape == tuple(sizes)


def test_a_kernel_that_does_not_fit_has_no_outputs():
    assert SlidingWindow(3, dilation_rate=2).outputs(4) <= 0


def test_teachers_are_resized():
    teacher = ConvTeacher("c4", 9, padding="same", strides=2, lifting=False)
    assert teacher.resized((13, 13)) == ConvTeacher(
        "c4", 13, padding="same", strides=2, lifting=False
    )
    with pytest.raises(ValueError, match="`image_size` may be"):
        teacher.resized((12, 12))
    # With padding, kernels may be larger than the images, under T(2).
    teacher = ConvTeacher("t2", 9, 4, padding="same", strides=2)
    small = TranslationConvTeacher((2, 5), 4, padding="same", strides=2)
    assert teacher.resized((2, 5)) == small
    with pytest.raises(ValueError, match="`kernel_size` must not exceed"):
        ConvTeacher("c4", 9, padding="same").resized((2, 2))
    signal = TranslationConvTeacher(9, padding="causal", dilation_rate=2)
    resized = TranslationConvTeacher(20, padding="causal", dilation_rate=2)
    assert signal.resized((20,)) == resized


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_centred_receptive_fields_are_mapped_onto_each_other_by_a_reflection(window):
    for count in range(1, 15):
        if count < window.extent:
            assert not window.is_centred(count)
            continue
        fields = window.fields(count)
        mirrored = np.sort(count - 1 - fields[::-1], axis=1)
        assert window.is_centred(count) == np.array_equal(mirrored, fields)


def test_nearest_sizes_are_centred_and_none_is_nearer():
    window = SlidingWindow(3, stride=4)
    assert window.centred_sizes(9) == [7, 11]
    assert window.centred_sizes(1) == [3, 7]
    assert [n for n in range(1, 12) if window.is_centred(n)] == [3, 7, 11]
    assert SlidingWindow(2, padding="same").centred_sizes(9) == []


def test_fields_of_several_axes_are_gathered_row_by_row(rng):
    windows = [SlidingWindow(2), SlidingWindow(3, padding="same"), SlidingWindow(1, 2)]
    volume = rng.normal(size=(3, 4, 3))
    padded = np.pad(volume, [(0, 0), (1, 1), (0, 0)])
    expected = [
        padded[i : i + 2, j : j + 3, 2 * k].ravel() for i, j, k in np.ndindex(2, 4, 2)
    ]
    fields = receptive_fields_on(windows, volume.shape)
    found = np.append(volume.ravel(), 0)[fields]  # -1 is the zero at the end
    np.testing.assert_array_equal(found, np.reshape(expected, (16, -1)))
    assert border_on(windows, volume.shape) == 1
    assert border_on(windows[:1], (3,)) == 0

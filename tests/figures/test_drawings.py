"""Figures show the numbers that they should."""

import itertools

import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.figures.drawings import mosaic
from symclone_tf.symmetry import GroupTransformation, Translation

from clones import dense


def pixels(axes):
    return np.ma.filled(axes.images[0].get_array(), np.nan)


def toeplitz(kernel, size):
    """A convolution's matrix, entry by entry."""
    k = len(kernel)
    out = size - k + 1
    matrix = np.zeros((out * out, size * size))
    for u in range(out):
        for v in range(out):
            for a in range(k):
                for b in range(k):
                    matrix[u * out + v, (u + a) * size + v + b] = kernel[a, b]
    return matrix


def solved(group, blocks=None, size=7):
    options = {"image_size": size, "blocks": blocks, "solver": "closed-form"}
    return sc.clone(group, verbose=0, **options)[0]


class TestDigits:
    def test_rows_are_the_originals_and_all_rotations(self, rng):
        images = rng.random((3, 8, 8))
        grid = np.reshape(sc.figures.draw_digits(images, "c4").axes, (4, 3))
        for rotations, row in enumerate(grid):
            for image, axes in zip(images, row):
                np.testing.assert_array_equal(pixels(axes), np.rot90(image, rotations))
        assert [row[0].get_ylabel() for row in grid] == [
            "original",
            "rotated by 90°",
            "rotated by 180°",
            "rotated by 270°",
        ]

    def test_rows_are_the_originals_and_all_translations(self, rng):
        images = rng.random((2, 8, 8))
        figure = sc.figures.draw_digits(images, "t2", translations=((-1, 2),))
        grid = np.reshape(figure.axes, (2, 2))
        expected = np.pad(images[1], ((0, 1), (2, 0)))[1:, :-2]
        np.testing.assert_array_equal(pixels(grid[1, 1]), expected)
        assert grid[1, 0].get_ylabel() == "1 up, 2 right"

    @pytest.mark.parametrize("group", ["c8", "d3", "flip"])
    def test_labels_of_rows_fit_and_do_not_overlap(self, rng, group):
        figure = sc.figures.draw_digits(rng.random((5, 8, 8)), group)
        figure.draw_without_rendering()
        labels = [axes.yaxis.label for axes in figure.axes if axes.get_ylabel()]
        assert len(labels) == sc.get_group(group).order
        boxes = [label.get_window_extent() for label in labels]
        assert min(box.x0 for box in boxes) >= 0
        assert all(one.y0 >= two.y1 for one, two in itertools.pairwise(boxes))

    def test_interpolated_images_stay_in_the_range_of_the_originals(self, rng):
        images = rng.random((2, 8, 8))
        for axes in sc.figures.draw_digits(images, "c8").axes:
            assert images.min() <= pixels(axes).min()
            assert pixels(axes).max() <= images.max()


@pytest.mark.slow
def test_operators_of_many_elements_are_a_selection(rng):
    figure = sc.figures.draw_operators(solved("d8"), rng.normal(size=(3, 3)))
    grid = np.reshape(figure.axes[:24], (8, 3))
    assert [row[0].get_ylabel() for row in grid] == [
        f"output map {element}" for element in range(0, 16, 2)
    ]


@pytest.mark.parametrize("group", ["t2", "c4"])
def test_operators_are_the_clones_the_toeplitz_matrices_and_their_difference(
    rng, group
):
    kernel = rng.normal(size=(3, 3))
    student = solved(group)
    figure = sc.figures.draw_operators(student, kernel)
    count = student.teacher.group.order
    grid = np.reshape(figure.axes[: 3 * count], (count, 3))
    for rotations, (clone, teacher, difference) in enumerate(grid):
        expected = toeplitz(np.rot90(kernel, rotations), 7)
        np.testing.assert_allclose(pixels(teacher), expected, atol=1e-6)
        np.testing.assert_allclose(pixels(clone), expected, atol=1e-4)
        np.testing.assert_allclose(
            pixels(difference), pixels(clone) - pixels(teacher), atol=1e-12
        )
    *_, (clone, teacher, difference) = grid
    assert clone.images[0].get_clim() == teacher.images[0].get_clim()
    errors = [np.abs(pixels(row[2])).max() for row in grid]
    assert difference.images[0].get_clim()[1] == (max(errors) or 1)


class TestFeatureMaps:
    def draw(self, rng, group, transformation):
        image = rng.normal(size=(7, 7)).astype("float32")
        kernel = rng.normal(size=(3, 3)).astype("float32")
        clone = solved(group)
        layers = {
            "teacher": (clone.teacher, clone.teacher),
            "7 blocks": (solved(group, 7), clone.teacher),
            "untrained": (sc.studies.untrained(clone), clone.teacher),
        }
        figure = sc.figures.draw_feature_maps(
            image, layers, kernel, transformation, "noise"
        )
        return image, kernel, layers, np.reshape(figure.axes, (3, 4))

    @pytest.mark.slow
    def test_columns_are_the_outputs_of_each_layer(self, rng):
        image, kernel, layers, grid = self.draw(rng, "c4", GroupTransformation("c4", 1))
        np.testing.assert_array_equal(pixels(grid[0, 0]), image)
        np.testing.assert_array_equal(pixels(grid[1, 0]), np.rot90(image))
        assert [axes.get_title() for axes in grid[0]] == ["noise", *layers]
        for column, (layer, _) in zip(grid.T[1:], layers.values()):
            for axes, inputs in zip(column, (image, np.rot90(image))):
                inputs = np.array(inputs)[None, ..., None]
                maps = np.asarray(layer(inputs, kernel[..., None, None]))[0, ..., 0]
                np.testing.assert_allclose(pixels(axes), mosaic(maps), atol=1e-6)

    @pytest.mark.slow
    def test_last_row_is_the_difference_from_rotating_the_output(self, rng):
        _, _, layers, grid = self.draw(rng, "c4", GroupTransformation("c4", 1))
        for column, name in zip(grid.T[1:], layers):
            first, second, difference = (unpacked(pixels(axes)) for axes in column)
            # A rotation by 90° takes each feature map to the next group element.
            expected = np.roll(np.rot90(first), 1, axis=-1)
            np.testing.assert_allclose(difference, second - expected, atol=1e-5)
            error = np.linalg.norm(difference) / np.linalg.norm(expected)
            shown = float(column[2].get_xlabel().split()[-1])
            assert shown == pytest.approx(error, rel=0.06, abs=1e-6)
            assert (error < 1e-5) == (name == "teacher")

    @pytest.mark.slow
    def test_last_row_is_the_difference_from_translating_the_output(self, rng):
        _, _, _, grid = self.draw(rng, "t2", Translation((1, -2)))
        for column in grid.T[1:]:
            first, second, difference = (pixels(axes) for axes in column)
            np.testing.assert_allclose(
                difference[1:, :-2], (second[1:, :-2] - first[:-1, 2:]), atol=1e-6
            )
            assert np.isnan(difference[0]).all()
            assert np.isnan(difference[:, -2:]).all()

    @pytest.mark.slow
    def test_where_a_rotation_interpolates_the_teachers_own_error_is_stated(self, rng):
        *_, grid = self.draw(rng, "c8", GroupTransformation("c8", 1))
        teacher, *others = [axes.get_xlabel().splitlines() for axes in grid[2, 1:]]
        assert teacher[2] == "by interpolation"
        assert float(teacher[1]) > 0.01
        for _, error, own in others:
            assert own == f"teacher's own {teacher[1]}"
            assert float(error) >= float(teacher[1])


def unpacked(tiles):
    """The maps of a mosaic of four."""
    half = len(tiles) // 2
    parts = (tiles[:half, :half], tiles[:half, -half:])
    parts += (tiles[-half:, :half], tiles[-half:, -half:])
    return np.stack(parts, axis=-1)


def test_mosaic_keeps_the_order_of_the_maps(rng):
    maps = rng.normal(size=(5, 5, 4))
    np.testing.assert_array_equal(unpacked(mosaic(maps)), maps)
    np.testing.assert_array_equal(mosaic(maps[..., :1]), maps[..., 0])
    assert mosaic(np.zeros((5, 5, 8))).shape == (11, 23)
    assert mosaic(np.zeros((5, 5, 12))).shape == (17, 23)
    assert mosaic(np.zeros((5, 5, 32))).shape == (23, 47)


def test_student_of_feature_maps_has_no_operators_on_images():
    student = dense("c4", lifting=False, image_size=7)
    with pytest.raises(ValueError, match="must be images"):
        sc.figures.draw_operators(student, np.ones((3, 3)))


@pytest.mark.parametrize("channels", [1, 3])
def test_images_of_ones_own_are_drawn_as_they_are(rng, channels):
    images = rng.uniform(size=(2, 8, 8, channels))
    figure = sc.figures.draw_digits(images, "c2")
    for axes, image in zip(figure.axes[:2], images):
        shown = axes.images[0].get_array()
        np.testing.assert_allclose(shown, np.broadcast_to(image, (8, 8, 3)))
    np.testing.assert_allclose(
        figure.axes[2].images[0].get_array(),
        np.broadcast_to(np.rot90(images[0], 2), (8, 8, 3)),
    )


@pytest.mark.slow
def test_layers_get_the_mean_of_colours(rng):
    teacher = sc.ConvTeacher("c4", image_size=8)
    image, kernel = rng.uniform(size=(8, 8, 3)), rng.normal(size=(3, 3))
    both = [
        sc.figures.draw_feature_maps(
            each, {"teacher": (teacher, teacher)}, kernel, GroupTransformation("c4", 1)
        )
        for each in (image, image.mean(axis=-1))
    ]
    colour, gray = ([axes.images for axes in figure.axes] for figure in both)
    np.testing.assert_allclose(colour[0][0].get_array(), image, atol=1e-6)
    np.testing.assert_allclose(
        np.ma.filled(colour[1][0].get_array(), 0),
        np.ma.filled(gray[1][0].get_array(), 0),
        atol=1e-6,
    )

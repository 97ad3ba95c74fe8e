"""Pictures of layers show the maps and errors that were measured."""

import dataclasses

import numpy as np
import pytest

from symclone_tf.figures.network_drawings import (
    draw_layer_errors,
    draw_layer_maps,
    shown_maps,
)
from symclone_tf.figures.style import BLUE, RED
from symclone_tf.studies import layer_maps, study_network

from networks import breaks_last


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    return rng.uniform(size=(4, 12, 12, 3)).astype("float32")


@pytest.fixture(scope="module")
def study(images):
    return study_network(breaks_last(), images, "c4")


def pixels(axes):
    return np.ma.filled(axes.images[0].get_array(), np.nan)


def test_rows_are_the_layers_and_columns_what_they_make_of_both_images(study, images):
    figure = draw_layer_maps(study.maps)
    grid = np.reshape(figure.axes, (4, 3))
    np.testing.assert_allclose(pixels(grid[0, 0]), images[0], atol=1e-6)
    np.testing.assert_allclose(pixels(grid[0, 1]), np.rot90(images[0]), atol=1e-6)
    labels = [row[0].get_ylabel().split("\n") for row in grid[1:]]
    assert labels == [
        ["one", "4 elements"],
        ["two", "4 elements"],
        ["plain", "4 of 6 channels"],
    ]
    for row, layer in zip(grid[1:], study.maps.layers):
        maps, back, difference = (pixels(axes) for axes in row)
        np.testing.assert_allclose(difference, back - maps, atol=1e-6)
        assert f"{layer.error:.1e}" in row[2].get_xlabel()
        limits = {axes.images[0].get_clim() for axes in row}
        assert limits == {(-np.nanmax(np.abs(maps)), np.nanmax(np.abs(maps)))}
    assert np.nanmax(np.abs(pixels(grid[1, 2]))) < 1e-5
    assert np.nanmax(np.abs(pixels(grid[3, 2]))) > 1e-2


def test_the_channels_of_the_largest_norm_are_shown(rng):
    maps = rng.normal(size=(5, 5, 1, 7)) * 4.0 ** np.array([0, 6, 1, 5, 2, 4, 3])
    assert shown_maps(maps)[0].tolist() == [[0, 0, 0, 0], [1, 3, 5, 6]]
    on_group = rng.normal(size=(5, 5, 16, 3)) * np.array([1, 2, 9])
    (elements, channels), name = shown_maps(on_group)
    assert set(channels.tolist()) == {2}
    assert elements.tolist() == [0, 2, 4, 6, 9, 11, 13, 15]
    assert name == "8 of 16 elements"


def test_of_many_layers_some_are_drawn(study):
    layers = [
        dataclasses.replace(study.maps.layers[0], name=f"layer_{i}") for i in range(50)
    ]
    figure = draw_layer_maps(dataclasses.replace(study.maps, layers=layers))
    grid = np.reshape(figure.axes, (-1, 3))
    names = [row[0].get_ylabel().split("\n")[0] for row in grid[1:]]
    assert len(names) == 12
    assert (names[0], names[-1]) == ("layer_0", "layer_49")


def test_maps_that_are_not_compared_are_left_white(images):
    figure = draw_layer_maps(layer_maps(breaks_last("c8"), images[0], "c8"))
    difference = pixels(figure.axes[5])
    assert np.isnan(difference[0, 0])
    assert np.isfinite(difference[5, 5])


def test_bars_are_the_errors_in_the_colour_of_what_they_say(study):
    (axes,) = draw_layer_errors(study).axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["one", "two", "plain", "whole network"]
    widths = [bar.get_width() for bar in axes.patches]
    expected = [*study.errors.values(), study.whole.equivariance_error]
    assert widths == pytest.approx(expected)
    colours = [_hex(bar.get_facecolor()) for bar in axes.patches]
    assert colours[:3] == [BLUE.lower(), BLUE.lower(), RED.lower()]


def _hex(colour):
    return "#" + "".join(f"{round(255 * part):02x}" for part in colour[:3])


@pytest.mark.parametrize("group", ["c4", "d4"])
def test_no_label_lies_on_another(images, group):
    figure = draw_layer_maps(layer_maps(breaks_last(group), images[0], group))
    figure.draw_without_rendering()
    boxes = [
        text.get_window_extent()
        for axes in figure.axes
        for text in (axes.title, axes.xaxis.label, axes.yaxis.label)
        if text.get_text() and axes.axison
    ]
    page = figure.bbox
    for number, box in enumerate(boxes):
        assert page.x0 <= box.x0 < box.x1 <= page.x1
        assert not any(box.overlaps(other) for other in boxes[:number])

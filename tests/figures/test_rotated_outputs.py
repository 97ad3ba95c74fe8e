"""Lines by angle, and the images that they are of."""

import numpy as np
import pytest

from symclone_tf.figures import draw_rotated_outputs
from symclone_tf.studies import RotatedOutputs


@pytest.fixture
def found(rng):
    outputs = {name: rng.uniform(size=(24, 2)) for name in ("before", "after")}
    images = rng.uniform(-3, 3, size=(24, 5, 5, 3))
    return RotatedOutputs(15.0 * np.arange(24), images, outputs)


def test_each_network_has_a_line_that_ends_where_it_began(found):
    figure = draw_rotated_outputs(found, unit=1, label="infected")
    *images, axes = figure.axes
    assert [a.get_title() for a in images] == [f"{45 * n}°" for n in range(8)]
    assert axes.get_ylabel() == "infected"
    for line, (name, outputs) in zip(axes.get_lines(), found.outputs.items()):
        assert line.get_label() == name
        np.testing.assert_array_equal(line.get_ydata()[:-1], outputs[:, 1])
        assert line.get_ydata()[-1] == line.get_ydata()[0]
        assert line.get_xdata()[-1] == 360


def test_images_of_colours_are_shown_from_the_least_to_the_largest(found):
    image = draw_rotated_outputs(found).axes[0].get_images()[0].get_array()
    assert image.shape == (5, 5, 3)
    assert 0 <= image.min() < image.max() <= 1


def test_outputs_that_are_not_there_are_refused(found):
    with pytest.raises(ValueError, match=r"from 0 to 1, .* Received: unit=2"):
        draw_rotated_outputs(found, unit=2)

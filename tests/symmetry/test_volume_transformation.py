"""Elements of groups of volumes act on volumes and on feature maps."""

import numpy as np
import pytest

from symclone_tf.symmetry.volume_groups import get_volume_group
from symclone_tf.symmetry.volume_transformation import VolumeTransformation


def test_titles_name_the_axis():
    assert VolumeTransformation("oh", 1).title == "rotated by 90° about depth"


@pytest.mark.parametrize("group", ["d2h", "o"])
def test_inverse_of_an_element_of_volumes_undoes_it(rng, group):
    order = get_volume_group(group).order
    features = rng.normal(size=(2, 3, 3, 3, order, 2))
    for element in range(order):
        g = VolumeTransformation(group, element)
        inverse = g.inverse()
        assert type(inverse) is VolumeTransformation
        transformed = g.outputs(g.inputs(features))
        found = inverse.inputs(inverse.outputs(transformed))
        np.testing.assert_array_equal(found, features)


def test_sources_of_volumes_are_where_entries_come_from(rng):
    g = VolumeTransformation("d2h", 5)
    shapes = (4, 5, 6), (2, 3, 4, 8)
    volume, features = (rng.normal(size=(1, *shape, 1)) for shape in shapes)
    sources_in, sources_out = g.sources(*shapes)
    np.testing.assert_array_equal(volume.ravel()[sources_in], g.inputs(volume).ravel())
    expected = g.outputs(features).ravel()
    np.testing.assert_array_equal(features.ravel()[sources_out], expected)


def test_outputs_of_volumes_without_spatial_axes_are_invariant(rng):
    outputs = rng.normal(size=(2, 5))
    g = VolumeTransformation("o", 3)
    np.testing.assert_array_equal(g.outputs(outputs), outputs)

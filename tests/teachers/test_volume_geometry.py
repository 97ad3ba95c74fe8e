"""Which sizes, strides and paddings of volumes a group preserves."""

import numpy as np
import pytest

from symclone_tf.symmetry import VolumeGroup, get_volume_group
from symclone_tf.teachers.volume_geometry import VolumeGeometry

SLICES = VolumeGroup("c4z", "C4", [((1, 0, 0), (0, 0, -1), (0, 1, 0))])


def geometry(group="o", kernel_size=3, **options):
    return VolumeGeometry(get_volume_group(group), kernel_size, **options)


@pytest.mark.parametrize(
    ("options", "size", "outputs"),
    [
        ({}, (6, 6, 6), (4, 4, 4)),
        ({"padding": "same"}, (6, None, 6), (6, None, 6)),
        ({"strides": 2}, (7, 7, 7), (3, 3, 3)),
        ({"strides": 2, "padding": "same"}, (7, 7, 7), (4, 4, 4)),
        ({"dilation_rate": 2}, (7, 7, 7), (3, 3, 3)),
        ({"group": "d2h", "strides": (2, 1, 3)}, (5, 4, 6), (2, 2, 2)),
        ({"group": "flip3d", "strides": (2, 2, 1)}, (6, 6, 5), (2, 2, 3)),
        ({"group": SLICES, "kernel_size": (2, 3, 3)}, (5, 6, 6), (4, 4, 4)),
        (
            {"group": "flip3d", "kernel_size": (2, 4, 3), "padding": "same"},
            (5, 5, 4),
            (5, 5, 4),
        ),
    ],
)
def test_outputs_have_these_sizes(options, size, outputs):
    assert geometry(**options).outputs(size) == outputs


def test_strides_that_are_accepted_map_receptive_fields_onto_themselves():
    """Along each axis, those of the reversed volume are those of the volume."""
    for padding in ("valid", "same"):
        for strides in (1, 2, 3):
            made = geometry(strides=strides, padding=padding)
            for size in range(3, 12):
                window, fields = made.windows[0], made.windows[0].fields(size)
                mirrored = np.sort((size - 1 - fields[::-1]), axis=1)
                if np.array_equal(mirrored, fields):
                    assert made.outputs((size,) * 3) == (window.outputs(size),) * 3
                else:
                    with pytest.raises(ValueError, match="onto itself"):
                        made.outputs((size,) * 3)


@pytest.mark.parametrize(
    ("options", "size", "message"),
    [
        ({"kernel_size": 0}, 6, "`kernel_size` must be a positive integer"),
        ({"kernel_size": (3, 3)}, 6, "`kernel_size` must be .*of which there are 3"),
        ({"kernel_size": (3, 3, 5)}, 6, r"O exchanges .*kernel_size=\(3, 3, 5\)"),
        ({"strides": (1, 2, 1)}, 6, r"sizes must be equal; .*strides=\(1, 2, 1\)"),
        ({"dilation_rate": (1, 2, 2)}, 7, r"O exchanges .*dilation_rate=\(1, 2, 2\)"),
        ({"padding": "full"}, 6, "`padding` must be one of valid, same"),
        ({"padding": "same", "kernel_size": 4}, 6, "must be odd .* O reverses.*size=4"),
        (
            {"group": "flip3d", "padding": "same", "kernel_size": (3, 3, 2)},
            6,
            "must be odd .* Flip3D reverses",
        ),
        ({"strides": 2, "dilation_rate": 2}, 9, "`strides` must be 1 where"),
        ({"kernel_size": 7}, 6, "must not exceed `volume_size`.*kernel_size=7, vol"),
        ({"dilation_rate": 3}, 6, "kernel_size=3, dilation_rate=3, volume_size=6"),
        ({"strides": 2}, 6, "`volume_size` may be 5 or 7 with strides=2.*size=6"),
        ({"group": "flip3d", "strides": 3}, 8, "may be 6 or 9 with strides=3.*=8"),
        ({"padding": "same"}, (6, 6, 7), r"O exchanges.*volume_size=\(6, 6, 7\)"),
        (
            {"group": SLICES, "padding": "same"},
            (6, 7, 6),
            "C4 exchanges height and wid",
        ),
    ],
)
def test_others_are_refused_with_sizes_that_work(options, size, message):
    with pytest.raises(ValueError, match=message) as caught:
        geometry(**options).outputs(size if isinstance(size, tuple) else (size,) * 3)
    assert "\n" not in str(caught.value)

"""Groups by their names."""

import pytest

from symclone_tf.symmetry.named_groups import GROUPS, get_group
from symclone_tf.symmetry.point_groups import PointGroup

ROTATIONS = (2, 3, 4, 6, 8, 12, 16)


def test_the_built_in_groups_have_these_orders():
    expected = {"t2": 1, "flip": 2} | {f"c{n}": n for n in ROTATIONS}
    expected |= {f"d{n}": 2 * n for n in ROTATIONS}
    assert {name: group.order for name, group in GROUPS.items()} == expected


@pytest.mark.parametrize(("name", "order"), [("c5", 5), ("c64", 64), ("d7", 14)])
def test_groups_of_other_rotations_have_names_too(name, order):
    group = get_group(name)
    assert (group.name, group.title, group.order) == (name, name.upper(), order)
    assert get_group(name) is group


def test_rotations_come_in_order_and_then_reflections():
    assert get_group("c8").element_titles[1] == "rotated by 45°"
    assert get_group("d8").element_titles[7:10] == (
        "rotated by 315°",
        "reflected",
        "reflected, rotated by 45°",
    )
    assert get_group("flip").element_titles == ("original", "reflected")


def test_a_group_is_returned_unchanged():
    own = PointGroup("own", "Own", (((0, 1), (1, 0)),))
    assert get_group(own) is own
    assert get_group(GROUPS["c4"]) is GROUPS["c4"]


@pytest.mark.parametrize(
    "name", ["c0", "c1", "d1", "c65", "d100", "c04", "C4", "c", "t3", "", 4, None]
)
def test_other_names_are_refused_with_the_accepted_ones(name):
    accepted = "must be t2, flip, cN or dN, as c4 and d8, with N from 2 to 64"
    with pytest.raises(ValueError, match=rf"{accepted}\. Received: group={name}$"):
        get_group(name)

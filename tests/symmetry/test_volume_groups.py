"""Groups of volumes, against NumPy's rotations and reflections of arrays."""

import numpy as np
import pytest

from symclone_tf.symmetry import get_group
from symclone_tf.symmetry.volume_groups import (
    VOLUME_GROUPS,
    VolumeGroup,
    get_volume_group,
)

from references import relative_volume_elements, volume_actions

ORDERS = {"flip3d": 2, "d2h": 8, "o": 24, "oh": 48}
EVERY = pytest.mark.parametrize("name", ORDERS)
QUARTER = ((1, 0, 0), (0, 0, -1), (0, 1, 0))  # about depth


def test_the_built_in_groups_have_these_orders():
    assert {n: group.order for n, group in VOLUME_GROUPS.items()} == ORDERS
    for group in VOLUME_GROUPS.values():
        assert len(set(group.element_titles)) == group.order
        assert group.element_titles[0] == "original"


@EVERY
def test_products_are_those_of_matrices(name):
    group = VOLUME_GROUPS[name]
    matrices, every = np.array(group.elements), np.arange(group.order)
    products = np.einsum("gij,hjk->ghik", matrices, matrices)
    np.testing.assert_array_equal(matrices[group.product], products)
    assert (group.product[every, group.inverse] == 0).all()
    assert (np.sort(group.product) == every).all()


@EVERY
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_volumes_are_transformed_as_by_numpy(rng, name, size):
    volume, group = rng.normal(size=(size,) * 3), VOLUME_GROUPS[name]
    permutations = group.volume_permutations(size)
    for element, action in enumerate(volume_actions(name)):
        expected = action(volume)
        found = volume.ravel()[permutations[element]].reshape(expected.shape)
        np.testing.assert_array_equal(found, expected)
        batch = np.stack([volume, 2 * volume])[..., None]
        found = group.transform(batch, element)[..., 0]
        np.testing.assert_array_equal(found, np.stack([expected, 2 * expected]))


@EVERY
@pytest.mark.parametrize("size", [2, 3])
def test_feature_maps_and_kernels_are_transformed_by_the_formula(rng, name, size):
    """`(s·f)[u, h] = f[s⁻¹u, s⁻¹h]`, the same for kernels."""
    group, actions = VOLUME_GROUPS[name], volume_actions(name)
    relative = relative_volume_elements(actions)
    features = rng.normal(size=(size, size, size, group.order))
    permutations = group.kernel_permutations(size, lifting=False)
    for s, action in enumerate(actions):
        expected = np.stack(
            [action(features[..., relative[s, h]]) for h in range(group.order)], -1
        )
        found = features.ravel()[permutations[s]].reshape(features.shape)
        np.testing.assert_array_equal(found, expected)
        found = group.transform(features[None, ..., None], s)[0, ..., 0]
        np.testing.assert_array_equal(found, expected)


@EVERY
def test_actions_respect_the_product(rng, name):
    group = VOLUME_GROUPS[name]
    features = rng.normal(size=(2, 3, 3, 3, group.order, 2))
    for g, h in rng.integers(group.order, size=(20, 2)):
        np.testing.assert_array_equal(
            group.transform(group.transform(features, h), g),
            group.transform(features, group.product[g, h]),
        )


@pytest.mark.parametrize("size", [(2, 3, 4), (5, 4, 4)])
def test_reflections_keep_boxes(rng, size):
    boxes = rng.normal(size=(2, *size, 3))
    found = get_volume_group("flip3d").transform(boxes, 1)
    np.testing.assert_array_equal(found, boxes[:, :, :, ::-1])
    permutations = get_volume_group("d2h").volume_permutations(size)
    box = boxes[0, ..., 0]
    for permutation, action in zip(permutations, volume_actions("d2h"), strict=True):
        found = box.ravel()[permutation].reshape(size)
        np.testing.assert_array_equal(found, action(box))


def test_own_groups_may_exchange_two_axes_alone(rng):
    quarters = VolumeGroup("c4z", "C4", (QUARTER,))
    assert quarters.order == 4
    assert (quarters.exchanged, quarters.reversed_axes) == (((0,), (1, 2)), (1, 2))
    slices = rng.normal(size=(1, 5, 3, 3, 1))
    turned = np.rot90(slices, axes=(2, 3))
    np.testing.assert_array_equal(quarters.transform(slices, 1), turned)
    message = r"C4 exchanges height and width, .*flip3d and d2h they may .*\(1, 3, 3, 4"
    with pytest.raises(ValueError, match=message):
        quarters.transform(np.zeros((1, 3, 3, 4, 1)), 1)


def test_elements_of_one_group_are_equal_and_hashed_alike():
    again = VolumeGroup("o", "O", get_volume_group("o").elements[1:5])
    assert again.order == 24
    assert again != get_volume_group("o")  # elements come in another order
    twin = VolumeGroup("d2h", "D2h", [np.diag(s) for s in ((1, 1, -1), (1, -1, 1))])
    assert twin != get_volume_group("d2h")
    same = VolumeGroup("flip3d", "Flip3D", [np.diag((1, 1, -1))])
    assert same == get_volume_group("flip3d")
    assert hash(same) == hash(get_volume_group("flip3d"))
    assert get_group("flip") != same


@pytest.mark.parametrize("name", ["o", "oh"])
def test_groups_that_exchange_axes_take_cubes_only(name):
    group = get_volume_group(name)
    message = rf"{group.title} exchanges depth, height and width, .*Received: "
    with pytest.raises(ValueError, match=message + r"inputs of shape \(1, 4, 4, 5, 1"):
        group.transform(np.zeros((1, 4, 4, 5, 1)), 1)
    with pytest.raises(ValueError, match=message + r"size=\(4, 5, 4\)") as caught:
        group.volume_permutations((4, 5, 4))
    assert "\n" not in str(caught.value)
    group.check_size((4, None, 4), "")  # what is not known may be equal


@pytest.mark.parametrize(
    "shape", [(3, 3, 3, 1), (1, 3, 3, 3, 8, 1), (1, 3, 3, 3, 24, 1, 1)]
)
def test_what_is_neither_volume_nor_feature_map_is_refused(shape):
    message = r"O takes volumes, .*, 24, channels\)\. Received: inputs of shape \("
    with pytest.raises(ValueError, match=message) as caught:
        get_volume_group("o").transform(np.zeros(shape), 0)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["c4", "t2", "d4", "O", "", 4, None, get_group("c4")])
def test_names_of_groups_of_images_are_refused(name):
    message = r"^`group` must be one of flip3d, d2h, o, oh\. Received: group="
    with pytest.raises(ValueError, match=message):
        get_volume_group(name)


@pytest.mark.parametrize("name", [*ORDERS, get_volume_group("oh")])
def test_no_group_of_images_has_such_a_name(name):
    with pytest.raises(ValueError, match=r"`group` must be t2, flip, cN or dN.*Rec"):
        get_group(name)


def test_a_group_of_translations_alone_is_refused():
    with pytest.raises(ValueError, match="`generators` must be others than the ident"):
        VolumeGroup("t3", "T(3)", [np.eye(3)])

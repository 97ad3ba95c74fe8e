import numpy as np
import pytest

from symclone_tf.symmetry import cyclic, get_group, get_volume_group, icosahedron
from symclone_tf.symmetry.transformation_sets import (
    group_of_any,
    permutations_of,
    transformations_of,
)

from references import closure


def test_transformations_are_all_elements_but_the_identity(rng):
    images = rng.normal(size=(1, 5, 5, 1))
    transformed = [g.inputs(images).tobytes() for g in transformations_of("d4")]
    assert len({images.tobytes(), *transformed}) == 8
    assert len(transformations_of("t2", max_translation=2)) == 24


def test_permutations_are_of_the_same_element_on_both_sides(rng):
    corners, faces = icosahedron(12), icosahedron(20)
    both = np.hstack([corners.generators, 12 + faces.generators])
    elements = closure(both.tolist())
    transformations = permutations_of(corners, faces, words=9)
    assert len(transformations) == 2 + 9
    for g in transformations:
        joint = [*g.permutation_in, *(12 + g.permutation_out)]
        assert tuple(joint) in elements
    again = permutations_of(corners, faces, words=9)
    for g, same in zip(transformations, again):
        np.testing.assert_array_equal(g.permutation_in, same.permutation_in)
    titles = [g.title for g in transformations]
    assert titles[1:3] == ["generator 2", "element 1"]


def test_group_out_is_for_permutation_groups():
    with pytest.raises(ValueError, match="`group_out` is for a `group` that is a Perm"):
        transformations_of("c4", group_out=cyclic(4))


def test_transformations_of_volumes_are_all_elements_but_the_identity(rng):
    volumes = rng.normal(size=(1, 3, 3, 3, 1))
    transformations = transformations_of("oh")
    transformed = [g.inputs(volumes).tobytes() for g in transformations]
    assert len({volumes.tobytes(), *transformed}) == 48
    titles = [g.title for g in transformations_of(get_volume_group("d2h"))]
    assert titles == list(get_volume_group("d2h").element_titles[1:])
    with pytest.raises(ValueError, match=r"`group_out` is for.*group=oh"):
        transformations_of("oh", group_out=cyclic(4))


def test_names_are_those_of_groups_of_images_and_of_volumes():
    assert group_of_any("d4") is get_group("d4")
    assert group_of_any("o") is get_volume_group("o")
    own = cyclic(4)
    assert group_of_any(own) is own
    message = r"t2, flip, cN or dN, .*, or of volumes flip3d, d2h, o, oh\. Received: "
    for name in ("O", "c1", None, 3):
        with pytest.raises(ValueError, match=message) as caught:
            group_of_any(name)
        assert "\n" not in str(caught.value)

import numpy as np
import pytest

from symclone_tf.symmetry import PointGroup, get_group, largest_error
from symclone_tf.teachers.conv_teacher import ConvTeacher
from symclone_tf.teachers.group_convolution import group_conv2d

from cases import ALL_CASES


def draw(rng, teacher, channels=2, filters=3):
    return (
        rng.normal(size=(2, *teacher.input_shape, channels)).astype("float32"),
        rng.normal(size=(*teacher.kernel_shape, channels, filters)).astype("float32"),
    )


@ALL_CASES
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_outputs_are_those_of_the_group_convolution(rng, group, lifting, padding):
    teacher = ConvTeacher(group, 6, 3, lifting, padding)
    inputs, kernel = draw(rng, teacher)
    outputs = teacher(inputs, kernel)
    np.testing.assert_array_equal(outputs, group_conv2d(inputs, kernel, group, padding))
    assert outputs.shape == (2, *teacher.output_shape, 3)


@ALL_CASES
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_sizes_are_those_of_its_shapes(group, lifting, padding):
    teacher = ConvTeacher(group, 7, 3, lifting, padding)
    assert teacher.positions_in * teacher.representation_in == np.prod(
        teacher.input_shape
    )
    assert teacher.positions_out * teacher.representation_out == np.prod(
        teacher.output_shape
    )
    assert teacher.kernel_entries == np.prod(teacher.kernel_shape)
    assert teacher.representation_out == get_group(group).order
    assert teacher.representation_in == (1 if lifting else teacher.representation_out)


@ALL_CASES
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("size", [6, 7])
def test_is_equivariant_under_its_transformations(rng, group, lifting, padding, size):
    teacher = ConvTeacher(group, size, 3, lifting, padding)
    inputs, kernel = draw(rng, teacher)
    transformations = teacher.transformations()
    assert len(transformations) == (24 if group == "t2" else teacher.group.order - 1)
    assert largest_error(lambda x: teacher(x, kernel), transformations, inputs) < 1e-5


@ALL_CASES
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("kernel_size", [1, 3])
def test_receptive_fields_are_the_positions_that_an_output_depends_on(
    rng, group, lifting, padding, kernel_size
):
    teacher = ConvTeacher(group, 5, kernel_size, lifting, padding)
    found = teacher.receptive_fields
    assert found.shape == (teacher.positions_out, teacher.receptive_field_size)
    _, kernel = draw(rng, teacher, 1, 1)
    impulses = np.zeros((25, *teacher.input_shape, 1), "float32")
    impulses.reshape(25, 25, -1)[range(25), range(25)] = 1
    outputs = np.reshape(teacher(impulses, kernel), (25, teacher.positions_out, -1))
    for depends, positions in zip(np.any(outputs != 0, axis=-1).T, found):
        assert set(np.flatnonzero(depends)) == {
            position for position in positions if position >= 0
        }


def test_rank_is_the_dimension_of_its_maps():
    """Operators of all representation elements and entries, as rows of one matrix."""
    teacher = ConvTeacher("c4", 5, 2, lifting=False)
    impulses = np.eye(100, dtype="float32").reshape(100, 5, 5, 4, 1)
    units = np.eye(16, dtype="float32").reshape(2, 2, 4, 1, 16)
    outputs = np.reshape(teacher(impulses, units), (25, 4, 16, 4, 16))
    rows = np.moveaxis(outputs, (1, 3, 4), (0, 1, 2)).reshape(4 * 4 * 16, -1)
    assert np.linalg.matrix_rank(rows) == teacher.rank == 4


def test_is_a_value():
    one, same = ConvTeacher("c4", 8), ConvTeacher(get_group("c4"), image_size=8)
    assert one == same
    assert len({one, same}) == 1
    assert one != ConvTeacher("c4", 8, padding="same")
    assert one != "c4-lifting-8x8-k3"
    assert ConvTeacher.from_config(one.get_config()) == one
    assert eval(repr(one)) == one
    # T(2) has one kind of layer.
    assert ConvTeacher("t2", 8, lifting=False) == ConvTeacher("t2", 8)


def test_groups_that_are_not_built_in_are_accepted():
    reflections = PointGroup("v4", "V4", (((-1, 0), (0, 1)), ((1, 0), (0, -1))))
    teacher = ConvTeacher(reflections, 8)
    assert (teacher.name, teacher.representation_out) == ("v4-lifting-8x8-k3", 4)
    # Groups of the same name may have other elements.
    assert ConvTeacher(PointGroup("c4", "C4"), 8) != ConvTeacher("c4", 8)


@pytest.mark.parametrize(
    ("arguments", "name", "title"),
    [
        ({"group": "t2"}, "t2-28x28-k3", "T(2) 28×28"),
        ({"group": "c4"}, "c4-lifting-28x28-k3", "C4 lifting 28×28"),
        (
            {"group": "d4", "lifting": False, "image_size": 9, "padding": "same"},
            "d4-group-9x9-k3-same",
            "D4 group 9×9",
        ),
        ({"group": "c2", "kernel_size": 5}, "c2-lifting-28x28-k5", "C2 lifting 28×28"),
    ],
)
def test_names_and_titles_describe_the_convolution(arguments, name, title):
    teacher = ConvTeacher(**arguments)
    assert (teacher.name, teacher.title) == (name, title)


@pytest.mark.parametrize(("size", "padding"), [(3, "valid"), (3, "same")])
def test_outputs_too_small_to_be_translated_have_no_transformations(size, padding):
    assert ConvTeacher("t2", size, padding=padding).transformations() == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_size": 0}, "`image_size` must be a positive integer"),
        ({"image_size": 2}, "`kernel_size` must not exceed `image_size`"),
        ({"image_size": True}, "`image_size` must be a positive integer"),
        ({"kernel_size": -1}, "`kernel_size` must be a positive integer"),
        ({"kernel_size": 4, "padding": "same"}, "must be odd"),
        ({"padding": "full"}, "`padding` must be one of valid, same"),
        ({"group": "p4"}, "`group` must be t2, flip, cN"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        ConvTeacher(**{"group": "c4", **arguments})

"""Convolutions of volumes as teachers, and what clones of them compute."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import symclone_tf as sc
from symclone_tf.symmetry import VolumeGroup, largest_error
from symclone_tf.teachers import (
    TranslationConvTeacher,
    VolumeConvTeacher,
    deserialize_teacher,
    serialize_teacher,
)

from cases import later
from clones import relative
from processes import run_script

STUDENTS = ("dense", "local", "regional")
CASES = {
    "flip": ("flip3d", 5, {}),
    "flip, box, even": ("flip3d", (4, 5, 6), {"lifting": False, "kernel_size": 2}),
    "boxes": ("d2h", (4, 5, 6), {"kernel_size": (3, 2, 3)}),
    "boxes, group": ("d2h", (5, 4, 3), {"lifting": False}),
    "boxes, same": ("d2h", (3, 4, 5), {"padding": "same"}),
    "strided": ("d2h", 5, {"strides": 2}),
    "strided, same": ("o", 5, {"strides": 2, "padding": "same"}),
    "dilated": ("d2h", 6, {"dilation_rate": 2}),
    "rotations": ("o", 5, {}),
    "rotations, even": ("o", 4, {"kernel_size": 2}),
    "all": ("oh", 5, {}),
}
EVERY = pytest.mark.parametrize("case", CASES)
FEW = ("flip, box, even", "boxes, group")
MOST = pytest.mark.parametrize("case", [c if c in FEW else later(c) for c in CASES])


def made(case):
    group, size, options = CASES[case]
    return VolumeConvTeacher(group, size, **options)


def pair_of(rng, teacher, channels=2, filters=3):
    return (
        rng.normal(size=(2, *teacher.input_shape, channels)).astype("float32"),
        rng.normal(size=(*teacher.kernel_shape, channels, filters)).astype("float32"),
    )


def solved(teacher, kind):
    return sc.clone(teacher, student=kind, solver="closed-form", verbose=0)


@EVERY
def test_it_commutes_with_the_whole_group(rng, case):
    teacher = made(case)
    inputs, kernel = pair_of(rng, teacher)
    outputs = teacher(inputs, kernel)
    assert outputs.shape[1:-1] == teacher.output_shape
    transformations = teacher.transformations()
    assert len(transformations) == teacher.group.order - 1
    assert list(teacher.training_transformations())
    error = largest_error(lambda x: teacher(x, kernel), transformations, inputs)
    assert error < 1e-5


@EVERY
def test_receptive_fields_and_sizes_are_those_of_a_convolution(case):
    """Of the same geometry, without a group."""
    teacher = made(case)
    _, size, options = CASES[case]
    options = {name: each for name, each in options.items() if name != "lifting"}
    shape = size if isinstance(size, tuple) else (size,) * 3
    plain = TranslationConvTeacher(shape, **{"kernel_size": 3, **options})
    np.testing.assert_array_equal(teacher.receptive_fields, plain.receptive_fields)
    assert teacher.windows == plain.windows
    assert teacher.border == plain.border
    assert teacher.output_shape == (*plain.output_shape, teacher.group.order)
    assert teacher.rank == teacher.receptive_field_size == plain.kernel_entries


@MOST
@pytest.mark.parametrize("kind", STUDENTS)
def test_clones_are_exact_and_frozen_ones_are_one_convolution(rng, case, kind):
    teacher = made(case)
    student, report = solved(teacher, kind)
    assert report.nmse < 1e-10
    assert report.equivariance_error < 1e-5
    inputs, kernel = pair_of(rng, teacher)
    expected = teacher(inputs, kernel)
    assert relative(student(inputs, kernel), expected) < 1e-5
    layer = sc.layers.Cloned.from_kernel(kernel, student)
    assert layer.computes_as() == "convolution"
    assert relative(layer(inputs), expected) < 1e-5
    graph = tf.function(layer).get_concrete_function(tf.TensorSpec(inputs.shape)).graph
    kinds = [operation.type for operation in graph.get_operations()]
    assert kinds.count("Conv3D") == 1
    assert not {"BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"} & set(kinds)


@pytest.mark.slow
@pytest.mark.parametrize("group", ["o", "oh"])
def test_group_convolutions_of_the_cube_are_cloned_as_exactly(rng, group):
    """Of all 48 elements on 4×4×4 voxels, with kernels of 2×2×2."""
    teacher = VolumeConvTeacher(group, 4, 2 if group == "oh" else 3, lifting=False)
    student, report = solved(teacher, "local")
    assert report.nmse < 1e-10
    assert report.equivariance_error < 1e-5
    inputs, kernel = pair_of(rng, teacher, 1, 1)
    layer = sc.layers.Cloned.from_kernel(kernel, student)
    assert layer.computes_as() == "convolution"
    assert relative(layer(inputs), teacher(inputs, kernel)) < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["dense", "local"])
def test_it_is_cloned_by_training_too(kind):
    teacher = VolumeConvTeacher("d2h", 4)
    _, report = sc.clone(teacher, student=kind, solver="sgd", verbose=0)
    assert report.nmse < 1e-8
    assert report.equivariance_error < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("kind", STUDENTS)
@pytest.mark.parametrize("symmetry", ["frozen", "trainable", "anchored"])
def test_clones_preserve_or_break_the_symmetry_in_training(rng, kind, symmetry):
    teacher = VolumeConvTeacher("d2h", (4, 5, 3), padding="same")
    student, _ = solved(teacher, kind)
    layer = sc.layers.Cloned(
        2, student, symmetry, anchor="l2-sp", activation="tanh", name="cloned"
    )
    model = keras.Sequential([keras.Input((4, 5, 3, 1)), layer])
    model.compile(keras.optimizers.Adam(0.01), "mse")
    volumes = rng.normal(size=(8, 4, 5, 3, 1)).astype("float32")
    # The same for all elements of the group, of the volumes' lower half alone.
    targets = volumes[..., None, :] * (np.arange(4) > 1).reshape(1, 4, 1, 1, 1, 1)
    targets = np.broadcast_to(targets, (8, 4, 5, 3, 8, 2))
    errors = sc.EquivarianceErrors(volumes, "d2h")
    model.fit(volumes, targets, epochs=3, verbose=0, callbacks=[errors])
    before, *_, after = errors.history["cloned"]
    assert before < 1e-5
    assert after < 1e-5 if symmetry == "frozen" else after > 1e-3


@pytest.mark.slow
def test_transformed_inputs_are_those_of_the_group(rng):
    student, _ = solved(VolumeConvTeacher("o", 4), "local")
    layer = sc.layers.Cloned(2, student, "anchored", anchor_strength=1.0, seed=0)
    volumes = rng.normal(size=(4, 4, 4, 4, 1)).astype("float32")
    np.testing.assert_allclose(layer(volumes, training=True), layer(volumes), atol=1e-4)


@pytest.mark.slow
def test_local_and_regional_clones_take_volumes_of_other_sizes(rng):
    teacher = VolumeConvTeacher("d2h", 5, lifting=False, padding="same")
    student, _ = solved(teacher, "regional")
    larger = teacher.resized((6, 4, 7))
    assert larger == VolumeConvTeacher("d2h", (6, 4, 7), 3, False, "same")
    inputs, kernel = pair_of(rng, larger)
    assert relative(student(inputs, kernel), larger(inputs, kernel)) < 1e-5
    with pytest.raises(ValueError, match="O exchanges depth, height and width"):
        VolumeConvTeacher("o", 5).resized((5, 5, 6))


@EVERY
def test_it_is_recreated_from_plain_values(case):
    teacher = made(case)
    again = deserialize_teacher(serialize_teacher(teacher))
    assert again == teacher
    assert (again.name, hash(again)) == (teacher.name, hash(teacher))


@pytest.mark.parametrize(
    ("arguments", "name", "title"),
    [
        (("oh", 6), "oh-lifting-6x6x6-k3", "Oh lifting 6×6×6"),
        (
            ("d2h", (4, 5, 6), (3, 3, 5), False, "same", (1, 2, 1)),
            "d2h-group-4x5x6-k3x3x5-same-s1x2x1",
            "D2h group 4×5×6 /1×2×1",
        ),
        (
            ("o", 7, 3, True, "valid", 1, 2),
            "o-lifting-7x7x7-k3-d2",
            "O lifting 7×7×7 ·2",
        ),
    ],
)
def test_it_has_names(arguments, name, title):
    teacher = VolumeConvTeacher(*arguments)
    assert (teacher.name, teacher.title) == (name, title)


def test_teachers_of_other_groups_and_sizes_differ():
    same = [VolumeConvTeacher("o", size) for size in (5, (5, 5, 5), [5, 5, 5])]
    assert same[0] == same[1] == same[2]
    reordered = VolumeGroup("o", "O", VolumeConvTeacher("o", 5).group.elements[1:5])
    others = [
        VolumeConvTeacher("oh", 5),
        VolumeConvTeacher("o", 6),
        VolumeConvTeacher("o", 5, lifting=False),
        VolumeConvTeacher(reordered, 5),
        TranslationConvTeacher((5, 5, 5)),
    ]
    assert same[0] not in others


SERVED = """
import sys
import numpy as np, tensorflow as tf
arrays = np.load("arrays.npz")
served = tf.saved_model.load({path!r})
found = served.serve({{"image": arrays["image"], "kernel": arrays["kernel"]}})
np.testing.assert_allclose(found, arrays["outputs"], atol=1e-4)
assert "symclone_tf" not in sys.modules
import symclone_tf as sc
student = sc.load({path!r})
assert student.teacher == sc.teachers.VolumeConvTeacher("d2h", (4, 5, 3), lifting=False)
found = student.call_pairs(arrays["image"], arrays["kernel"])
np.testing.assert_allclose(found, arrays["outputs"], atol=1e-4)
print("the same")
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", STUDENTS)
def test_artifacts_compute_the_same_in_another_process(rng, tmp_path, kind):
    teacher = VolumeConvTeacher("d2h", (4, 5, 3), lifting=False)
    student, report = solved(teacher, kind)
    path = sc.export(student, tmp_path, report)
    assert path.parent.name.startswith("d2h-group-4x5x3-k3")
    image, kernel = student.input_shapes()
    images = rng.normal(size=(2, *image)).astype("float32")
    kernels = rng.normal(size=(2, *kernel)).astype("float32")
    pairs = zip(images, kernels)
    outputs = [teacher(x[None, ..., None], k[..., None, None]) for x, k in pairs]
    outputs = np.concatenate(outputs)[..., 0]
    np.savez(tmp_path / "arrays.npz", image=images, kernel=kernels, outputs=outputs)
    done = run_script(SERVED.format(path=str(path)), tmp_path)
    assert done.stdout == "the same\n", done.stderr


@pytest.mark.slow
def test_networks_of_clones_are_saved_and_fused(rng, tmp_path):
    student, _ = solved(VolumeConvTeacher("o", 4), "local")
    layer = sc.layers.Cloned(2, student, activation="relu")
    model = keras.Sequential([keras.Input((4, 4, 4, 1)), layer])
    volumes = rng.normal(size=(2, 4, 4, 4, 1)).astype("float32")
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(volumes), model(volumes))
    fused = sc.fuse(layer)
    assert fused.form == "convolution"
    kinds = [type(part).__name__ for part in fused.model.layers]
    assert kinds.count("Conv3D") == 1
    np.testing.assert_allclose(fused.model(volumes), model(volumes), atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("c4", 6), "`group` must be one of flip3d, d2h, o, oh. Received: group=c4"),
        (("t2", 6), "`group` must be one of flip3d, d2h, o, oh. Received: group=t2"),
        ((sc.get_group("d4"), 6), "must be one of flip3d, d2h, o, oh.*PointGroup d4"),
        (("o", (5, 6, 5)), r"O exchanges depth.*volume_size=\(5, 6, 5\)"),
        (("o", (5, 5)), "`volume_size` must be a positive integer, or one for each"),
        (("o", 0), "`volume_size` must be a positive integer"),
        (("o", 2), "`kernel_size` must not exceed `volume_size`"),
        (("oh", 6, 3, True, "valid", 2), "may be 5 or 7 with strides=2.*size=6"),
        (("oh", 6, 4, True, "same"), "`kernel_size` must be odd"),
        (("d2h", 9, 3, True, "valid", 2, 2), "`strides` must be 1 where"),
    ],
)
def test_what_is_not_supported_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message) as caught:
        VolumeConvTeacher(*arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("group", ["o", "oh", "flip3d", "d2h"])
def test_teachers_of_images_take_no_groups_of_volumes(group):
    message = rf"`group` must be t2, flip, cN or dN, .*Received: group={group}$"
    with pytest.raises(ValueError, match=message):
        sc.ConvTeacher(group)

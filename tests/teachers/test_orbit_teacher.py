import json

import keras
import numpy as np
import pytest
from click.testing import CliRunner

import symclone_tf as sc
from symclone_tf.cli.main import main
from symclone_tf.cloning import student_equivariance_error
from symclone_tf.symmetry import (
    PermutationGroup,
    cyclic,
    dihedral,
    hexagonal,
    icosahedron,
    product,
    symmetric,
    torus,
)
from symclone_tf.symmetry.permutation_groups import random_words
from symclone_tf.teachers import deserialize_teacher, serialize_teacher

TEACHERS = {
    "cyclic": (cyclic(9), None, 9),
    "dihedral": (dihedral(8), None, 5),
    "symmetric": (symmetric(16), None, 2),
    "torus": (torus(3, 4), None, 12),
    "torus with rotations": (torus(4, 4, rotations=True), None, 6),
    "hexagon": (hexagonal(1), None, 7),
    "corners": (icosahedron(12), None, 4),
    "corners to faces": (icosahedron(12), icosahedron(20), 4),
    "edges to corners": (icosahedron(30), icosahedron(12), 6),
    "sets of rings": (product(symmetric(3), cyclic(4)), None, 8),
    "to one point": (symmetric(9), PermutationGroup([[0], [0]], "point"), 1),
}
ALL_TEACHERS = pytest.mark.parametrize("case", TEACHERS)


def teacher_of(case):
    group, group_out, _ = TEACHERS[case]
    return sc.OrbitTeacher(group, group_out)


def matrix(teacher, kernel):
    """The teacher's matrix for one channel, `(positions_out, positions_in)`."""
    impulses = np.eye(teacher.positions_in, dtype="float32")[..., None]
    return np.asarray(teacher(impulses, kernel[:, None, None]))[..., 0].T


def representations(teacher, words=100):
    """Permutation matrices of generators and random words, of outputs and inputs."""
    points = teacher.positions_in
    both = np.hstack([teacher.group.generators, teacher.group_out.generators + points])
    for row in np.vstack([both, random_words(both, words, seed=7)]):
        permutation_in, permutation_out = row[:points], row[points:] - points
        yield (
            np.eye(len(permutation_out))[permutation_out],
            np.eye(points)[permutation_in],
        )


@ALL_TEACHERS
def test_maps_commute_with_generators_and_random_words(rng, case):
    """ρ(g)W = Wρ(g), the constraint of EMLP (Finzi, Welling & Wilson, 2021)."""
    teacher = teacher_of(case)
    kernel = rng.normal(size=teacher.kernel_entries).astype("float32")
    weights = matrix(teacher, kernel)
    pairs = list(representations(teacher))
    assert len(pairs) == len(teacher.group.generators) + 100
    for outputs, inputs in pairs:
        np.testing.assert_allclose(outputs @ weights, weights @ inputs, atol=1e-5)


@ALL_TEACHERS
def test_no_other_map_commutes(case):
    """There are as many weights as the solutions of ρ(g)W = Wρ(g) have dimensions."""
    teacher = teacher_of(case)
    size = teacher.positions_out * teacher.positions_in
    gram = np.zeros((size, size))
    for outputs, inputs in representations(teacher, words=0):
        # For the rows of W, one after the other.
        equations = np.kron(outputs, np.eye(teacher.positions_in))
        equations -= np.kron(np.eye(teacher.positions_out), inputs.T)
        gram += equations.T @ equations
    dimension = int(np.sum(np.linalg.eigvalsh(gram) < 1e-8))
    assert teacher.kernel_entries == TEACHERS[case][2] == dimension


def test_a_ring_is_a_circular_convolution(rng):
    teacher = sc.OrbitTeacher(cyclic(8))
    x = rng.normal(size=(2, 8, 3)).astype("float32")
    kernel = rng.normal(size=(8, 3, 2)).astype("float32")
    expected = sum(np.roll(x, -v, axis=1) @ kernel[v] for v in range(8))
    np.testing.assert_allclose(teacher(x, kernel), expected, atol=1e-5)


# With what the others lack: another group of outputs, and several orbits of positions.
MOST_GENERAL = ("corners to faces", "hexagon")


@pytest.mark.slow
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=[pytest.mark.slow] * (case not in MOST_GENERAL))
        for case in TEACHERS
    ],
)
@pytest.mark.parametrize("solver", ["sgd", "closed-form"])
def test_is_cloned_to_the_precision_of_float32(case, solver):
    student, report = sc.clone(teacher_of(case), solver=solver, verbose=0)
    assert report.nmse < 1e-11
    assert report.equivariance_error < 1e-5
    assert sc.nmse(student, seed=99) < 1e-11


@pytest.mark.slow
@pytest.mark.parametrize("solver", ["sgd", "closed-form"])
def test_too_few_blocks_reach_their_floor(solver):
    """Of orbits of 9, 18, … pairs, the largest are copied."""
    teacher = sc.OrbitTeacher(dihedral(9))
    _, report = sc.clone(teacher, blocks=3, solver=solver, verbose=0)
    sizes = np.sort(teacher.orbit_sizes)
    assert sizes.tolist() == [9, 18, 18, 18, 18]
    assert report.nmse == pytest.approx(sizes[:2].sum() / sizes.sum(), rel=0.03)


@pytest.mark.slow
def test_training_depends_on_the_gains_of_the_kernels_entries():
    """With learning rates for gains of 1 it would not converge."""
    teacher = sc.OrbitTeacher(symmetric(48))
    np.testing.assert_array_equal(teacher.entry_gain, [1, 47])
    _, report = sc.clone(teacher, verbose=0)
    assert report.nmse < 1e-11

    class Unaware(sc.OrbitTeacher):
        entry_gain = 1.0

    with pytest.raises(sc.CloningError):
        sc.clone(Unaware(symmetric(48)), max_nmse=1e-3, verbose=0)


def test_teachers_are_values():
    one, same = sc.OrbitTeacher(cyclic(5)), sc.OrbitTeacher(cyclic(5), cyclic(5))
    assert one == same
    assert len({one, same}) == 1
    assert one != sc.OrbitTeacher(cyclic(6))
    assert one != sc.ConvTeacher("t2", 5)
    assert sc.OrbitTeacher(icosahedron(12)) != sc.OrbitTeacher(
        icosahedron(12), icosahedron(20)
    )
    assert (
        repr(one) == "OrbitTeacher(<PermutationGroup cyclic-5, 5 points, 1 generator>)"
    )


@ALL_TEACHERS
def test_teachers_come_back_from_plain_values(case):
    teacher = teacher_of(case)
    values = json.loads(json.dumps(serialize_teacher(teacher)))
    assert deserialize_teacher(values) == teacher
    for value in values["config"].values():
        assert isinstance(value, str) or all(isinstance(v, str) for v in value)


@pytest.fixture
def exported(tmp_path):
    teacher = sc.OrbitTeacher(icosahedron(12), icosahedron(20))
    student, report = sc.clone(teacher, solver="closed-form", verbose=0)
    return student, sc.export(student, tmp_path, report)


def test_is_exported_listed_and_loaded(exported, tmp_path):
    student, path = exported
    assert path.parts[-2:] == ("icosahedron-12-to-icosahedron-20", "1")
    (artifact,) = sc.artifacts.list_artifacts(tmp_path)
    assert artifact.group == "icosahedron-12"
    loaded = sc.load(path)
    assert loaded.teacher == student.teacher
    for mine, theirs in zip(student.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_is_served_without_this_package(rng, exported):
    student, path = exported
    layer = keras.layers.TFSMLayer(str(path), call_endpoint="serve", trainable=False)
    inputs = rng.normal(size=(5, 12)).astype("float32")
    kernels = rng.normal(size=(5, 4)).astype("float32")
    outputs = layer({"image": inputs, "kernel": kernels})
    assert outputs.shape == (5, 20)
    np.testing.assert_allclose(outputs, student.call_pairs(inputs, kernels), atol=1e-5)
    expected = [
        student.teacher(x[None, :, None], k[:, None, None])[0, :, 0]
        for x, k in zip(inputs, kernels)
    ]
    np.testing.assert_allclose(outputs, expected, atol=1e-4)


LONG = " ".join(map(str, range(6000, -1, -1)))


def spoiled(path, **changes):
    """An exported clone with changes to the teacher in its record."""
    file = path / "assets.extra" / "clone.json"
    record = json.loads(file.read_text())
    record["teacher"]["config"] |= changes
    file.write_text(json.dumps(record))
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"generators": ["0 0 1"]}, "generators` must be permutations"),
        ({"generators": []}, "one or more permutations"),
        ({"generators": ["1 0"]}, "as many generators"),
        ({"generators": ["x y"]}, "describes no clone"),
        ({"generators": "1 0"}, "describes no clone|must have a `teacher`"),
        ({"generators": ["1 0"] * 101}, "plain values"),
        ({"generators": [[1, 0]]}, "plain values"),
        ({"group": "../up"}, "`name` must be"),
        ({"title": 3}, "must have a `teacher` such as"),
        ({"points": 12}, "describes no clone"),
        ({"generators": [LONG] * 2, "generators_out": [LONG] * 2}, "too many points"),
    ],
)
def test_records_that_no_export_writes_are_refused(exported, changes, message):
    with pytest.raises(sc.ArtifactError, match=message):
        sc.load(spoiled(exported[1], **changes))


def test_generators_are_written_in_one_way_only(exported):
    student, path = exported
    first, second = student.teacher.get_config()["generators"]
    for other in (first.replace(" ", "  ", 1), f"+{first}", f"{first} "):
        with pytest.raises(sc.ArtifactError, match="must have a `teacher` such as"):
            sc.load(spoiled(path, generators=[other, second]))


@pytest.mark.parametrize(
    ("group", "group_out", "message"),
    [
        (PermutationGroup([[1, 0]] * 101), None, "lists of at most 100"),
        (cyclic(200_000), PermutationGroup([[0]]), "at most 500,000 characters"),
    ],
)
def test_records_that_could_not_be_read_are_not_written(
    tmp_path, group, group_out, message
):
    student = sc.DenseStudent(sc.OrbitTeacher(group, group_out), blocks=1)
    with pytest.raises(ValueError, match=message):
        sc.export(student, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["group", "group_out"])
def test_other_kinds_of_groups_are_refused(name):
    groups = {"group": cyclic(3), name: "c4"}
    with pytest.raises(TypeError, match=f"`{name}` must be a PermutationGroup"):
        sc.OrbitTeacher(**groups)


@pytest.mark.slow
def test_errors_are_measured_by_generators_and_words(rng):
    student, _ = sc.clone(sc.OrbitTeacher(cyclic(6)), solver="closed-form", verbose=0)
    transformations = list(student.teacher.transformations())
    titles = [transformation.title for transformation in transformations]
    assert titles[:2] == ["generator 1", "element 1"]
    assert len(transformations) == 17
    assert len(list(student.teacher.training_transformations())) == 65
    (blocks,) = student.block_weights
    spoil = np.zeros(blocks.shape, "float32")
    spoil[0, 0] = 1
    blocks.assign_add(spoil)
    assert student_equivariance_error(student) > 0.01


@pytest.mark.slow
def test_command_line_finds_it(exported, tmp_path, monkeypatch):
    student, path = exported
    monkeypatch.chdir(tmp_path)
    listed = CliRunner().invoke(main, ["list", str(tmp_path)])
    assert "icosahedron-12-to-icosahedron-20" in listed.stdout
    measured = CliRunner().invoke(main, ["evaluate", str(path), "--seed", "3"])
    assert measured.exit_code == 0, measured.output
    assert f"{sc.nmse(student, seed=3):.1e}" in measured.stdout
    np.save("kernel.npy", np.ones((4, 2, 3), "float32"))
    arguments = ["export-layer", str(path), "--kernel", "kernel.npy"]
    baked = CliRunner().invoke(main, arguments)
    assert baked.exit_code == 0, baked.output

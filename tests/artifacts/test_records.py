import json

import pytest
from click.testing import CliRunner

import symclone_tf as sc
from symclone_tf.cli.main import main

from clones import dense


@pytest.fixture
def exported(small_clone, tmp_path):
    student, report = small_clone
    return sc.export(student, tmp_path, report)


def test_list_shows_the_newest_of_each(small_clone, tmp_path):
    student, report = small_clone
    for _ in range(2):
        sc.export(student, tmp_path, report)
    sc.export(dense("t2", image_size=5, seed=0), tmp_path)
    (tmp_path / "something else").mkdir()
    (tmp_path / "README.md").touch()
    found = [(a.name, a.version) for a in sc.artifacts.list_artifacts(tmp_path)]
    assert found == [("c4-lifting-8x8-k3", 2), ("t2-5x5-k3", 1)]


def test_unfinished_versions_are_neither_listed_nor_loaded(tmp_path):
    (tmp_path / "t2-5x5-k3" / ".writing-1").mkdir(parents=True)
    (tmp_path / "t2-5x5-k3" / "1").mkdir()
    assert sc.artifacts.list_artifacts(tmp_path) == []
    with pytest.raises(sc.ArtifactError, match="is not an exported clone"):
        sc.load(tmp_path / "t2-5x5-k3")


@pytest.mark.parametrize("path", ["", "nowhere"])
def test_folder_that_is_no_artifact_is_refused(tmp_path, path):
    with pytest.raises(sc.ArtifactError, match="is not an exported clone"):
        sc.load(tmp_path / path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"clone\.json cannot be read"),
        ("[]", "must have format 2"),
        ('{"format": 99}', "must have format 2. It has format 99"),
    ],
)
def test_bad_record_is_refused(exported, content, message):
    (exported / "assets.extra/clone.json").write_text(content)
    with pytest.raises(sc.ArtifactError, match=message):
        sc.load(exported)


def test_version_folder_that_is_not_there_is_refused(exported):
    for path in ("2", "v1", "latest"):
        with pytest.raises(sc.ArtifactError, match="is not an exported clone"):
            sc.load(exported.parent / path)


def test_list_of_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(sc.ArtifactError, match="is not a folder"):
        sc.artifacts.list_artifacts(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("part", "changes", "message"),
    [
        ("teacher", {"group": "../../etc"}, "`group` must be t2, flip, cN"),
        ("teacher", {"group": ["c4"]}, "`group`"),
        ("teacher", {"group": {}}, "`teacher` with a name and a configuration of"),
        ("teacher", {"lifting": 1}, "`teacher` such as"),
        ("teacher", {"image_size": 10**30}, "`parameters` such as"),
        ("teacher", {"image_size": True}, "`image_size` must be a positive"),
        ("teacher", {"image_size": 8.0}, "`image_size` must be a positive"),
        ("teacher", {"image_size": -8}, "`image_size` must be a positive"),
        ("teacher", {"surprise": 1}, "describes no clone: .*surprise"),
        ("teacher", {"kernel_size": 9}, "`kernel_size` must not exceed"),
        ("student", {"blocks": "9"}, "`blocks` must be a positive"),
        ("student", {"blocks": -9}, "`blocks` must be a positive"),
        ("student", {"hidden_units": [1] * 101}, "`student` with a name and"),
        ("student", {"hidden_units": [[1]]}, "`student` with a name and"),
        ("student", {"activation": {"class_name": "os.system"}}, "`student` with"),
        ("student", {"activation": "os.system"}, "describes no clone: "),
        ("student", {"trainable": False}, "`student` such as"),
        ("student", {"dtype": "float16"}, "describes no clone: "),
        ("parameters", 1.5, "`parameters` such as 21060. It has 1.5"),
        ("parameters", None, "`parameters` such as 21060. It has None"),
        ("nmse", "small", "`nmse` that is a number"),
        ("equivariance_error", [0], "`equivariance_error`"),
        ("equivariance_error", None, "`equivariance_error`"),
        ("teacher_equivariance_error", "1", "`teacher_equivariance_error`"),
    ],
)
def test_record_of_other_values_is_refused(exported, part, changes, message):
    file = exported / "assets.extra/clone.json"
    record = json.loads(file.read_text())
    if part in ("teacher", "student"):
        record[part]["config"] |= changes
    else:
        record[part] = changes
    file.write_text(json.dumps(record))
    for use in (sc.artifacts.find, sc.load):
        with pytest.raises(sc.ArtifactError, match=message) as refused:
            use(exported)
        assert "\n" not in str(refused.value)
        assert len(str(refused.value)) < 500


@pytest.mark.parametrize(
    ("part", "value", "message"),
    [
        ("teacher", {"name": "os.system", "config": {}}, "`teacher` must be one of"),
        ("student", {"name": "Lambda", "config": {}}, "`student` must be one of"),
        ("student", {"name": 1, "config": {}}, "`student` with a name"),
        ("student", {"name": "dense"}, "`student` with a name"),
        ("teacher", "conv", "`teacher` with a name"),
        ("teacher", None, "`teacher` with a name"),
    ],
)
def test_record_of_other_classes_is_refused(exported, part, value, message):
    file = exported / "assets.extra/clone.json"
    record = json.loads(file.read_text()) | {part: value}
    file.write_text(json.dumps(record))
    with pytest.raises(sc.ArtifactError, match=message):
        sc.artifacts.find(exported)


EARLIER = {
    "format": 1,
    "group": "c4",
    "lifting": False,
    "image_size": 8,
    "kernel_size": 3,
    "padding": "same",
    "blocks": 7,
    "hidden_units": [],
    "seed": 5,
    "solver": "closed-form",
}


def test_earlier_format_is_refused_with_the_command_that_makes_it_again(exported):
    file = exported / "assets.extra/clone.json"
    file.write_text(json.dumps(EARLIER))
    with pytest.raises(sc.ArtifactError, match="has format 1, of an earlier") as error:
        sc.load(exported)
    command = str(error.value).partition("make it again: ")[2].split()[1:]
    run = CliRunner().invoke(main, [*command, "--output", str(exported / "again")])
    assert run.exit_code == 0
    (made,) = sc.artifacts.list_artifacts(exported / "again")
    assert made.name == "c4-group-8x8-k3-same-b7"
    assert (made.record["solver"], made.record["seed"]) == ("closed-form", 5)


@pytest.mark.parametrize(
    "changes",
    [{"group": "; rm -rf /"}, {"image_size": "$(id)"}, {"padding": "`id`"}, {}],
)
def test_command_for_an_earlier_format_has_no_hostile_values(exported, changes):
    file = exported / "assets.extra/clone.json"
    file.write_text(json.dumps({"format": 1, **changes}))
    with pytest.raises(sc.ArtifactError, match=r"symclone-tf clone$"):
        sc.load(exported)


@pytest.mark.parametrize(
    "content", [b"[" * 10**5, b" " * 10**7, b"\xff\xfe", b'{"format": 2' + b"0" * 9000]
)
def test_record_that_is_not_a_clones_is_refused(exported, content):
    (exported / "assets.extra/clone.json").write_bytes(content)
    with pytest.raises(sc.ArtifactError, match=r"clone\.json") as refused:
        sc.artifacts.find(exported)
    assert len(str(refused.value)) < 500


def test_list_leaves_out_what_cannot_be_read_with_a_warning(exported, tmp_path):
    sc.export(dense("t2", image_size=5, seed=0), tmp_path)
    (exported / "assets.extra/clone.json").write_text("{")
    with pytest.warns(sc.ArtifactWarning, match=r"Left out: .*clone\.json cannot"):
        found = sc.artifacts.list_artifacts(tmp_path)
    assert [artifact.name for artifact in found] == ["t2-5x5-k3"]


class Nameless(sc.Teacher):
    """A teacher of a class that is not registered."""

    positions_in = positions_out = kernel_entries = 4
    representation_in = representation_out = 1
    input_shape = kernel_shape = output_shape = (4,)
    name = title = "nameless"


class Unnamed(sc.DenseStudent):
    """A student of a class that is not registered."""


def test_only_registered_classes_are_exported(tmp_path):
    with pytest.raises(ValueError, match="Only teachers of registered classes"):
        sc.export(sc.DenseStudent(Nameless()), tmp_path)
    with pytest.raises(ValueError, match="Only students of registered classes"):
        sc.export(Unnamed(sc.ConvTeacher("t2", 5)), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_configurations_that_could_not_be_read_are_not_written(tmp_path):
    deep = dense("t2", image_size=5, hidden_units=(1,) * 101)
    with pytest.raises(ValueError, match="lists of at most 100"):
        sc.export(deep, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def regional(tmp_path):
    teacher = sc.ConvTeacher("t2", image_size=9)
    student = sc.students.RegionalStudent(teacher, regions=(2, 3), seed=0)
    return sc.export(student, tmp_path)


def test_the_record_of_a_regional_clone_has_its_regions(regional):
    artifact = sc.artifacts.find(regional)
    assert artifact.name == "t2-9x9-k3-regional-r2x3"
    assert artifact.record["student"]["config"]["regions"] == [2, 3]
    assert artifact.record["parameters"] == 6 * 9 * 9 + 9 * 9
    assert sc.artifacts.list_artifacts(regional.parents[1])[0].name == artifact.name


@pytest.mark.parametrize(
    ("regions", "message"),
    [
        ([2, 8], "`regions` must not exceed the 7×7"),
        ([10**30, 1], "`regions` must not exceed the 7×7"),
        ([2], "`regions` must be a positive integer, or one for each axis"),
        ([2, 3, 1], "`regions` must be a positive integer, or one for each axis"),
        ([0, 3], "`regions` must be a positive integer, or one for each axis"),
        ([2.0, 3], "`regions` must be a positive integer, or one for each axis"),
        ([True, 3], "`regions` must be a positive integer, or one for each axis"),
        ("2x3", "`regions` must be a positive integer, or one for each axis"),
        ({"rows": 2}, "`student` with a name and a configuration of"),
        ([[2, 3]], "`student` with a name and a configuration of"),
        (2, "`student` such as"),
        (None, "`student` such as"),
        ([3, 3], "`parameters` such as 810"),
    ],
)
def test_damaged_regions_are_refused_in_one_line(regional, regions, message):
    file = regional / "assets.extra/clone.json"
    record = json.loads(file.read_text())
    record["student"]["config"]["regions"] = regions
    file.write_text(json.dumps(record))
    for use in (sc.artifacts.find, sc.load):
        with pytest.raises(sc.ArtifactError, match=message) as refused:
            use(regional)
        assert "\n" not in str(refused.value)
    with pytest.warns(sc.ArtifactWarning, match=message):
        assert sc.artifacts.list_artifacts(regional.parents[1]) == []


def test_regions_of_the_weights_are_those_of_the_record(regional):
    """(3, 2) are as many regions and weights, and others."""
    file = regional / "assets.extra/clone.json"
    record = json.loads(file.read_text())
    record["student"]["config"]["regions"] = [3, 2]
    file.write_text(json.dumps(record))
    with pytest.raises(sc.ArtifactError, match=r"differs from clone\.json.*regions"):
        sc.load(regional)

import json
import pathlib
import subprocess
import sys
import textwrap
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf

import symclone_tf as sc
from symclone_tf import exporting, publishing
from symclone_tf.students import DenseStudent

from cases import CASES


@pytest.fixture
def exported(small_clone, tmp_path):
    student, report = small_clone
    return sc.export(student, tmp_path, report)


def draw_pairs(rng, student, batch):
    image, kernel = student.input_shapes()
    return (
        rng.normal(size=(batch, *image)).astype("float32"),
        rng.normal(size=(batch, *kernel)).astype("float32"),
    )


def size(folder):
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"group": "t2"}, "t2-28x28-k3"),
        ({"group": "c4"}, "c4-lifting-28x28-k3"),
        ({"group": "c4", "lifting": False, "image_size": 26}, "c4-group-26x26-k3"),
        ({"group": "c4", "padding": "same"}, "c4-lifting-28x28-k3-same"),
        ({"group": "c4", "blocks": 7}, "c4-lifting-28x28-k3-b7"),
        ({"group": "c4", "kernel_size": 5, "blocks": 25}, "c4-lifting-28x28-k5"),
        ({"group": "t2", "hidden_units": (64, 64)}, "t2-28x28-k3-h64x64"),
        (
            {"group": "t2", "hidden_units": (9,), "activation": "tanh"},
            "t2-28x28-k3-h9-tanh",
        ),
    ],
)
def test_names_say_what_is_not_the_default(arguments, name):
    assert exporting.artifact_name(DenseStudent(**arguments)) == name


def test_layout_is_tf_servings(exported):
    assert exported.parts[-2:] == ("c4-lifting-8x8-k3", "1")
    files = {str(f.relative_to(exported)) for f in exported.rglob("*") if f.is_file()}
    assert files == {
        "saved_model.pb",
        "fingerprint.pb",
        "variables/variables.index",
        "variables/variables.data-00000-of-00001",
        "assets.extra/student.keras",
        "assets.extra/clone.json",
    }
    assert [p.name for p in exported.parent.iterdir()] == ["1"]


@CASES
def test_signature_names_and_shapes(tmp_path, group, lifting):
    student = DenseStudent(group, lifting, image_size=5, seed=0)
    loaded = tf.saved_model.load(str(sc.export(student, tmp_path)))
    assert list(loaded.signatures) == ["serving_default"]
    signature = loaded.signatures["serving_default"]
    image, kernel = student.input_shapes()
    _, inputs = signature.structured_input_signature
    assert {name: tuple(spec.shape) for name, spec in inputs.items()} == {
        "image": (None, *image),
        "kernel": (None, *kernel),
    }
    axis = student.group.axis_shape
    assert {k: tuple(v.shape) for k, v in signature.structured_outputs.items()} == {
        "features": (None, 3, 3, *axis)
    }
    assert all(spec.dtype == tf.float32 for spec in inputs.values())


@pytest.mark.parametrize("batch", [1, 7])
def test_signature_and_endpoint_compute_what_the_student_does(
    rng, small_clone, exported, batch
):
    student, _ = small_clone
    images, kernels = draw_pairs(rng, student, batch)
    expected = student.call_pairs(images, kernels)
    loaded = tf.saved_model.load(str(exported))
    served = loaded.signatures["serving_default"](
        image=tf.constant(images), kernel=tf.constant(kernels)
    )
    np.testing.assert_allclose(served["features"], expected, atol=1e-5)
    layer = keras.layers.TFSMLayer(str(exported), call_endpoint="serve")
    np.testing.assert_allclose(
        layer({"image": images, "kernel": kernels}), expected, atol=1e-5
    )


def test_tensorflow_alone_serves_the_artifact(rng, small_clone, exported, tmp_path):
    """In a process where symclone_tf cannot be imported."""
    student, _ = small_clone
    pairs = {n: draw_pairs(rng, student, n) for n in (1, 7)}
    for n, (images, kernels) in pairs.items():
        np.savez(tmp_path / f"in{n}.npz", image=images, kernel=kernels)
    script = f"""
        import sys
        class Absent:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] == "symclone_tf":
                    raise ModuleNotFoundError(name)
        sys.meta_path.insert(0, Absent())
        import numpy as np
        import tensorflow as tf
        serve = tf.saved_model.load({str(exported)!r}).signatures["serving_default"]
        for n in (1, 7):
            inputs = np.load(f"{tmp_path}/in{{n}}.npz")
            outputs = serve(**{{k: tf.constant(v) for k, v in inputs.items()}})
            np.save(f"{tmp_path}/out{{n}}.npy", outputs["features"])
        assert "symclone_tf" not in sys.modules
    """
    subprocess.run(
        [sys.executable, "-I", "-c", textwrap.dedent(script)], check=True, timeout=120
    )
    for n, (images, kernels) in pairs.items():
        np.testing.assert_allclose(
            np.load(tmp_path / f"out{n}.npy"),
            student.call_pairs(images, kernels),
            atol=1e-5,
        )


def test_loads_as_a_trainable_student(small_clone, exported):
    student, _ = small_clone
    loaded = sc.load(exported.parent)
    assert loaded.get_config() == student.get_config()
    for mine, theirs in zip(student.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert len(loaded.trainable_weights) == 2
    assert sc.train(loaded, sc.Training(steps=2), verbose=0).nmse < 1e-8


def test_student_of_a_frozen_layer_loads_as_trainable_too(small_clone, tmp_path):
    student = type(small_clone[0]).from_config(small_clone[0].get_config())
    sc.ClonedConv2D(1, student, "frozen").build((None, 8, 8, 1))
    assert not student.trainable_weights
    assert len(sc.load(sc.export(student, tmp_path)).trainable_weights) == 2


def test_record_says_how_the_clone_was_made(small_clone, exported):
    _, report = small_clone
    record = json.loads((exported / "assets.extra/clone.json").read_text())
    assert record["format"] == 1
    assert (record["group"], record["image_size"], record["blocks"]) == ("c4", 8, 9)
    for name in ("solver", "seed", "steps", "nmse", "equivariance_error", "versions"):
        assert record[name] == getattr(report, name)


def test_weights_are_written_once(tmp_path):
    student = DenseStudent("c4", image_size=14, seed=0)
    student.build()
    rng = np.random.default_rng(0)
    for weight in student.weights:
        weight.assign(rng.normal(size=weight.shape))
    path = sc.export(student, tmp_path)
    weights = 4 * student.parameters
    graph = (path / "saved_model.pb").stat().st_size
    assert graph + size(path / "variables") < 1.1 * weights
    assert (path / "assets.extra/student.keras").stat().st_size < 1.1 * weights


def test_versions_count_up_and_nothing_is_overwritten(small_clone, tmp_path):
    student, _ = small_clone
    first = sc.export(student, tmp_path)
    before = {f: f.read_bytes() for f in first.rglob("*") if f.is_file()}
    (first.parent / "7").mkdir()
    (first.parent / "notes").mkdir()
    assert sc.export(student, tmp_path).name == "8"
    assert sc.export(student, tmp_path).name == "9"
    assert {f: f.read_bytes() for f in first.rglob("*") if f.is_file()} == before
    assert sc.find(first.parent).version == 9
    assert sc.find(first).version == 1


def test_version_taken_at_the_last_moment_is_stepped_over(
    small_clone, tmp_path, monkeypatch
):
    student, _ = small_clone
    sc.export(student, tmp_path)
    # Another process published between counting and renaming.
    monkeypatch.setattr(publishing, "version_number", lambda path: 0)
    assert sc.export(student, tmp_path).name == "2"


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_failure_leaves_nothing_behind(small_clone, tmp_path, monkeypatch, error):
    def fail(*_):
        raise error

    student, _ = small_clone
    kept = sc.export(DenseStudent("t2", image_size=4, seed=0), tmp_path / "old")
    monkeypatch.setattr(exporting, "_record", fail)
    with pytest.raises(type(error)):
        sc.export(student, tmp_path / "new" / "root")
    with pytest.raises(type(error)):
        sc.export(DenseStudent("t2", image_size=4, seed=0), tmp_path / "old")
    assert list((tmp_path / "old" / "t2-4x4-k3").iterdir()) == [kept]
    assert not (tmp_path / "new" / "root").exists()


def test_everything_is_checked_before_the_first_is_trained(tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "train", lambda *_: pytest.fail("it trained"))
    students = [DenseStudent("t2", image_size=n) for n in (5, 512)]
    with pytest.raises(MemoryError):
        list(sc.clone_and_export(students, sc.Training(), tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_each_is_exported_as_soon_as_it_is_trained(tmp_path):
    students = [DenseStudent("t2", image_size=n, seed=0) for n in (5, 6)]
    clones = sc.clone_and_export(students, sc.Training(), tmp_path, verbose=0)
    _, report, path = next(clones)
    assert report.nmse < 1e-10
    assert path.is_dir()
    assert len(list(tmp_path.iterdir())) == 1
    clones.close()


def test_list_shows_the_newest_of_each(small_clone, tmp_path):
    student, report = small_clone
    for _ in range(2):
        sc.export(student, tmp_path, report)
    sc.export(DenseStudent("t2", image_size=5, seed=0), tmp_path)
    (tmp_path / "something else").mkdir()
    (tmp_path / "README.md").touch()
    found = [(a.name, a.version) for a in sc.list_artifacts(tmp_path)]
    assert found == [("c4-lifting-8x8-k3", 2), ("t2-5x5-k3", 1)]


def test_unfinished_versions_are_neither_listed_nor_loaded(tmp_path):
    (tmp_path / "t2-5x5-k3" / ".writing-1").mkdir(parents=True)
    (tmp_path / "t2-5x5-k3" / "1").mkdir()
    assert sc.list_artifacts(tmp_path) == []
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
        ("[]", "must have format 1"),
        ('{"format": 99}', "must have format 1. It has format 99"),
    ],
)
def test_bad_record_is_refused(exported, content, message):
    (exported / "assets.extra/clone.json").write_text(content)
    with pytest.raises(sc.ArtifactError, match=message):
        sc.load(exported)


def test_damaged_student_is_refused(exported):
    file = exported / "assets.extra/student.keras"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(sc.ArtifactError, match="cannot be read as a student"):
        sc.load(exported)


def test_missing_student_is_refused(exported):
    (exported / "assets.extra/student.keras").unlink()
    with pytest.raises(sc.ArtifactError, match="cannot be read as a student"):
        sc.load(exported)


def test_foreign_layer_is_refused_before_it_is_built(exported, tmp_path):
    """A Lambda layer would be code from the artifact."""
    file = exported / "assets.extra/student.keras"
    executed = tmp_path / "executed"
    touch = f"lambda x: open({str(executed)!r}, 'w') and x"
    layer = keras.layers.Lambda(eval(touch), output_shape=(1,))
    keras.Sequential([keras.Input((1,)), layer]).save(file)
    executed.unlink(missing_ok=True)
    with pytest.raises(sc.ArtifactError, match="must hold a symclone_tf>DenseStudent"):
        sc.load(exported)
    assert not executed.exists()


def rewrite(file, change):
    """Changes the configuration in a Keras archive."""
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    change(config)
    parts["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def lambda_of(code):
    """A function as Keras stores it: marshalled, to be executed."""
    layer = keras.layers.Lambda(eval(code), output_shape=(1,))
    return layer.get_config()["function"]


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.update(class_name="Unknown", registered_name="other>Unknown"),
        lambda c: c.update(class_name="Unknown", registered_name=None),
        lambda c: c.update(class_name="Lambda", module="keras.layers"),
        lambda c: c["config"].update(activation=lambda_of("lambda x: EXECUTE")),
        lambda c: c["config"].update(activation={"class_name": "os.system"}),
        lambda c: c["config"].update(dtype={"class_name": "Unknown", "config": {}}),
        lambda c: c["config"].update(group="e8"),
        lambda c: c["config"].update(image_size="8"),
        lambda c: c["config"].update(blocks=-1),
        lambda c: c["config"].update(surprise=1),
        lambda c: c.pop("config"),
        lambda c: c.clear(),
    ],
)
def test_tampered_student_is_refused_in_one_line(exported, change):
    rewrite(exported / "assets.extra/student.keras", change)
    with pytest.raises(sc.ArtifactError, match=r"student\.keras") as refused:
        sc.load(exported)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 500


def test_version_folder_that_is_not_there_is_refused(exported):
    for path in ("2", "v1", "latest"):
        with pytest.raises(sc.ArtifactError, match="is not an exported clone"):
            sc.load(exported.parent / path)


def test_student_file_is_an_ordinary_keras_archive(exported):
    with zipfile.ZipFile(exported / "assets.extra/student.keras") as archive:
        assert "config.json" in archive.namelist()


def test_output_that_is_a_file_is_refused(tmp_path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(sc.ArtifactError, match="must be a folder"):
        sc.export(DenseStudent("t2", image_size=4), file)
    with pytest.raises(sc.ArtifactError, match="must be a folder"):
        sc.export(DenseStudent("t2", image_size=4), file / "deeper")


def test_list_of_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(sc.ArtifactError, match="is not a folder"):
        sc.list_artifacts(tmp_path / "nowhere")


def test_paths_come_back_as_paths(exported):
    assert isinstance(exported, pathlib.Path)
    assert exporting.find(str(exported)).path == exported

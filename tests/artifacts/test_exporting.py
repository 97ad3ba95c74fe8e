import json
import pathlib
import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest
import tensorflow as tf

import symclone_tf as sc
from symclone_tf.artifacts import publishing, saved_models
from symclone_tf.students import artifact_name

from cases import CASES, OFF_QUARTERS
from clones import dense, solved
from regional_layers import trained


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
def test_names_have_what_differs_from_the_defaults(arguments, name):
    assert artifact_name(dense(**arguments)) == name


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
    student = dense(group, lifting, image_size=5, seed=0)
    loaded = tf.saved_model.load(str(sc.export(student, tmp_path)))
    assert list(loaded.signatures) == ["serving_default"]
    signature = loaded.signatures["serving_default"]
    image, kernel = student.input_shapes()
    _, inputs = signature.structured_input_signature
    assert {name: tuple(spec.shape) for name, spec in inputs.items()} == {
        "image": (None, *image),
        "kernel": (None, *kernel),
    }
    axis = student.teacher.group.representation_shape
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


@pytest.mark.slow
def test_the_artifact_needs_only_tensorflow(rng, small_clone, exported, tmp_path):
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


def test_the_record_has_the_report_of_the_cloning(small_clone, exported):
    _, report = small_clone
    record = json.loads((exported / "assets.extra/clone.json").read_text())
    assert record["format"] == 2
    assert record["teacher"] == {
        "name": "conv",
        "config": {
            "group": "c4",
            "image_size": 8,
            "kernel_size": 3,
            "lifting": True,
            "padding": "valid",
            "strides": 1,
            "dilation_rate": 1,
        },
    }
    assert record["student"]["name"] == "dense"
    assert record["student"]["config"]["blocks"] == 9
    assert record["parameters"] == small_clone[0].parameters
    for name in ("solver", "seed", "steps", "nmse", "equivariance_error", "versions"):
        assert record[name] == getattr(report, name)


def test_weights_are_written_once(tmp_path):
    student = dense("c4", image_size=14, seed=0)
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
    assert sc.artifacts.find(first.parent).version == 9
    assert sc.artifacts.find(first).version == 1


def test_a_version_that_another_process_wrote_is_skipped(
    small_clone, tmp_path, monkeypatch
):
    student, _ = small_clone
    sc.export(student, tmp_path)
    # Another process published between counting and renaming.
    monkeypatch.setattr(publishing, "version_number", lambda path: 0)
    assert sc.export(student, tmp_path).name == "2"


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_failure_leaves_no_files_behind(small_clone, tmp_path, monkeypatch, error):
    def fail(*_):
        raise error

    student, _ = small_clone
    kept = sc.export(dense("t2", image_size=4, seed=0), tmp_path / "old")
    monkeypatch.setattr(saved_models, "write_student", fail)
    with pytest.raises(type(error)):
        sc.export(student, tmp_path / "new" / "root")
    with pytest.raises(type(error)):
        sc.export(dense("t2", image_size=4, seed=0), tmp_path / "old")
    assert list((tmp_path / "old" / "t2-4x4-k3").iterdir()) == [kept]
    assert not (tmp_path / "new" / "root").exists()


def test_output_that_is_a_file_is_refused(tmp_path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(sc.ArtifactError, match="must be a folder"):
        sc.export(dense("t2", image_size=4), file)
    with pytest.raises(sc.ArtifactError, match="must be a folder"):
        sc.export(dense("t2", image_size=4), file / "deeper")


def test_paths_are_returned_as_paths(exported):
    assert isinstance(exported, pathlib.Path)
    assert sc.artifacts.find(str(exported)).path == exported


@pytest.mark.slow
@pytest.mark.parametrize("group", OFF_QUARTERS)
@pytest.mark.parametrize("lifting", [True, False])
def test_clones_of_any_group_are_exported_served_and_loaded(
    rng, tmp_path, group, lifting
):
    student = solved(group, lifting, 8)
    path = sc.export(student, tmp_path)
    kind = "lifting" if lifting else "group"
    assert path.parts[-2:] == (f"{group}-{kind}-8x8-k3", "1")
    images, kernels = draw_pairs(rng, student, 2)
    expected = student.call_pairs(images, kernels)
    served = tf.saved_model.load(str(path))
    outputs = served.serve({"image": images, "kernel": kernels})
    np.testing.assert_allclose(outputs, expected, atol=1e-4)
    loaded = sc.load(path)
    assert loaded.teacher == student.teacher
    np.testing.assert_allclose(loaded.call_pairs(images, kernels), expected, atol=1e-4)
    assert sc.nmse(loaded) == pytest.approx(sc.nmse(student), abs=1e-9)


@pytest.mark.parametrize(
    ("group", "lifting", "name"),
    [
        ("t2", True, "t2-9x9-k3-regional-r2x3"),
        ("c4", False, "c4-group-9x9-k3-regional-r2x3"),
    ],
)
def test_a_regional_clone_is_exported_served_and_loaded(
    rng, tmp_path, group, lifting, name
):
    teacher = sc.ConvTeacher(group, 9, lifting=lifting)
    student = trained(teacher, rng, regions=(2, 3))
    path = sc.export(student, tmp_path)
    assert path.parts[-2:] == (name, "1")
    loaded = sc.load(path)
    assert loaded.get_config() == student.get_config()
    assert loaded.regions == (2, 3)
    images, kernels = draw_pairs(rng, student, 2)
    # One kernel for each image, as in a call of the student for each pair.
    expected = np.stack(
        [
            student(image[None, ..., None], kernel[..., None, None])[0, ..., 0]
            for image, kernel in zip(images, kernels)
        ]
    )
    served = tf.saved_model.load(str(path))
    outputs = served.serve({"image": images, "kernel": kernels})
    np.testing.assert_allclose(outputs, expected, atol=1e-4)
    np.testing.assert_allclose(loaded.call_pairs(images, kernels), expected, atol=1e-4)
    # Loaded for training, and of any size.
    assert loaded.trainable
    bigger = rng.normal(size=(1, 12, 12, *images.shape[3:], 1)).astype("float32")
    np.testing.assert_array_equal(
        loaded(bigger, kernels[0][..., None, None]),
        student(bigger, kernels[0][..., None, None]),
    )

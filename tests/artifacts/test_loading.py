import io
import json
import pathlib
import re
import warnings
import zipfile

import h5py
import keras
import numpy as np
import pytest

import symclone_tf as sc


@pytest.fixture
def exported(small_clone, tmp_path):
    student, report = small_clone
    return sc.export(student, tmp_path, report)


def test_loads_as_a_trainable_student(small_clone, exported):
    student, _ = small_clone
    loaded = sc.load(exported.parent)
    assert loaded.get_config() == student.get_config()
    for mine, theirs in zip(student.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert len(loaded.trainable_weights) == 2
    assert sc.cloning.train(loaded, sc.cloning.Training(steps=2), verbose=0).nmse < 1e-8


def test_student_of_a_frozen_layer_loads_as_trainable_too(small_clone, tmp_path):
    student = type(small_clone[0]).from_config(small_clone[0].get_config())
    sc.ClonedConv2D(1, student, "frozen").build((None, 8, 8, 1))
    assert not student.trainable_weights
    assert len(sc.load(sc.export(student, tmp_path)).trainable_weights) == 2


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


def repack(file, **changes):
    """Writes a Keras archive anew, with other parts or compression."""
    compression = changes.pop("compression", zipfile.ZIP_STORED)
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts |= changes.pop("parts", {})
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in parts.items():
            if content is not None:
                archive.writestr(name, content)


def weights_file(fill):
    """An HDF5 file's bytes."""
    stream = io.BytesIO()
    with h5py.File(stream, "w") as weights:
        fill(weights)
    return stream.getvalue()


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
        lambda c: c["config"]["teacher"].update(name="e8"),
        lambda c: c["config"]["teacher"]["config"].update(image_size="8"),
        lambda c: c["config"]["teacher"]["config"].update(lifting=1),
        lambda c: c["config"].update(teacher={"class_name": "Lambda"}),
        lambda c: c["config"].update(trainable="yes"),
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


def test_student_file_is_an_ordinary_keras_archive(exported):
    with zipfile.ZipFile(exported / "assets.extra/student.keras") as archive:
        assert "config.json" in archive.namelist()


@pytest.mark.parametrize(
    ("part", "changes"),
    [
        ("teacher", {"group": "c2"}),
        ("teacher", {"padding": "same"}),
        ("student", {"blocks": 8}),
        ("student", {"seed": 1}),
    ],
)
def test_record_of_another_student_is_refused(exported, part, changes):
    file = exported / "assets.extra/clone.json"
    record = json.loads(file.read_text())
    record[part]["config"] |= changes
    teacher = sc.ConvTeacher(**record["teacher"]["config"])
    student = sc.DenseStudent(teacher, **record["student"]["config"])
    file.write_text(json.dumps(record | {"parameters": student.parameters}))
    with pytest.raises(sc.ArtifactError, match=r"differs from clone\.json beside it"):
        sc.load(exported)


def test_gigantic_student_of_a_few_bytes_is_refused(exported):
    teacher = sc.ConvTeacher("c4", 10**6)

    def grow(config):
        config["config"]["teacher"]["config"]["image_size"] = 10**6

    rewrite(exported / "assets.extra/student.keras", grow)
    file = exported / "assets.extra/clone.json"
    record = json.loads(file.read_text())
    record["teacher"]["config"]["image_size"] = 10**6
    record["parameters"] = sc.DenseStudent(teacher).parameters
    file.write_text(json.dumps(record))
    with pytest.raises(sc.ArtifactError, match="It holds a file of"):
        sc.load(exported)


class TestHostileArchives:
    @pytest.fixture
    def file(self, exported):
        return exported / "assets.extra/student.keras"

    def check(self, file, message):
        with pytest.raises(sc.ArtifactError, match=message) as refused:
            sc.load(file.parent.parent)
        assert "\n" not in str(refused.value)
        assert len(str(refused.value)) < 600

    @pytest.mark.parametrize(
        "name", ["../../evil", "/tmp/evil", "assets/evil", "evil.py", "C:\\evil"]
    )
    def test_other_parts(self, file, name):
        repack(file, parts={name: b"evil"})
        self.check(file, "must hold config.json, metadata.json, model.weights.h5")

    @pytest.mark.parametrize("name", ["config.json", "model.weights.h5"])
    def test_missing_parts(self, file, name):
        repack(file, parts={name: None})
        self.check(file, "must hold config.json, metadata.json, model.weights.h5")

    def test_same_part_twice(self, file):
        with zipfile.ZipFile(file, "a") as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            archive.writestr("config.json", b"{}")
        self.check(file, "must hold config.json")

    def test_bomb(self, file):
        zeros = bytes(10**8)
        repack(
            file,
            parts={"model.weights.h5": zeros},
            compression=zipfile.ZIP_DEFLATED,
        )
        assert file.stat().st_size < 10**6
        self.check(file, "must not be compressed")

    def test_large_texts(self, file):
        repack(file, parts={"metadata.json": b" " * 2 * 10**6})
        self.check(file, "too large a metadata.json")

    def test_deep_configuration(self, file):
        repack(file, parts={"config.json": b"[" * 10**5})
        self.check(file, "cannot be read as a student")

    def test_thousands_of_layers(self, file):
        rewrite(file, lambda c: c["config"].update(hidden_units=[1] * 10**5))
        self.check(file, "beside it: hidden_units")

    @pytest.mark.parametrize(
        "fill",
        [
            lambda f: f.create_dataset("a", (10**6, 10**6), "f4", chunks=(64, 64)),
            lambda f: f.create_dataset("a", (3, 3), "f4"),
            lambda f: f.create_dataset("a", (9, 2340), "i4"),
        ],
    )
    def test_other_weights(self, file, fill):
        padding = bytes(90_000)
        repack(file, parts={"model.weights.h5": weights_file(fill) + padding})
        self.check(file, "must hold 21060 weights|other data in its weights")

    @pytest.mark.parametrize(
        "link", [h5py.ExternalLink("/etc/passwd", "/"), h5py.SoftLink("/vars")]
    )
    def test_links(self, file, link):
        def fill(weights):
            weights["a"] = link

        content = weights_file(fill) + bytes(90_000)
        repack(file, parts={"model.weights.h5": content})
        self.check(file, "has a link in its weights: a")

    def test_weights_in_another_file(self, file, tmp_path):
        (tmp_path / "secret").write_bytes(bytes(4 * 21060))

        def fill(weights):
            outside = [(str(tmp_path / "secret"), 0, 4 * 21060)]
            weights.create_dataset("a", (21060,), "f4", external=outside)

        content = weights_file(fill) + bytes(90_000)
        repack(file, parts={"model.weights.h5": content})
        self.check(file, "has other data in its weights: a")


def test_nothing_in_the_package_could_execute_an_artifact():
    for module in pathlib.Path(sc.__file__).parent.rglob("*.py"):
        text = module.read_text("utf-8")
        for word in ("pickle.load", "import pickle", "yaml", "safe_mode=False"):
            assert word not in text, module
        assert not re.search(r"\b(eval|exec)\(", text), module

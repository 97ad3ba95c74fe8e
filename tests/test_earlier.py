"""Files that version 0.2 wrote still load, and mean what they meant."""

import pathlib
import shutil

import keras
import numpy as np
import pytest

import symclone_tf as sc

from cases import later

WRITTEN = pathlib.Path(__file__).parent / "earlier" / "0.2"
NETWORKS = ("images", "ring", "relaxed", "signal")
REMOVED = "t2-5x5-k3-mixer-b2"
ARTIFACTS = sorted(path.name for path in (WRITTEN / "exported").iterdir())
ARTIFACTS.remove(REMOVED)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_keras_file_gives_the_outputs_that_it_gave(name):
    model = keras.saving.load_model(WRITTEN / f"{name}.keras")
    kept = np.load(WRITTEN / f"{name}.npz")
    outputs = model(kept["inputs"])
    np.testing.assert_allclose(outputs, kept["outputs"], rtol=1e-4, atol=1e-5)


def test_layers_have_the_options_that_they_had():
    images = keras.saving.load_model(WRITTEN / "images.keras")
    cloned, _, pooling, *_ = images.layers
    assert (cloned.trainable_part, cloned.anchor) == ("encoder", "decoupled-l2-sp")
    assert isinstance(cloned.student, sc.LocallyConnectedStudent)
    assert pooling.anchor == "proximal"
    ring = keras.saving.load_model(WRITTEN / "ring.keras")
    anchors = [getattr(layer, "anchor", None) for layer in ring.layers]
    assert anchors == ["transformed-inputs", "l2-sp", "kl", None]
    assert ring.layers[1].trainable_part == "blocks"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ring", *(later(n) for n in NETWORKS if n != "ring")])
def test_a_network_can_be_trained_on_and_saved_again(name, tmp_path):
    model = keras.saving.load_model(WRITTEN / f"{name}.keras")
    kept = np.load(WRITTEN / f"{name}.npz")
    model.compile("adam", "mse")
    model.fit(kept["inputs"], kept["outputs"] + 1, verbose=0)
    model.save(tmp_path / "again.keras")
    again = keras.saving.load_model(tmp_path / "again.keras")
    np.testing.assert_array_equal(again(kept["inputs"]), model(kept["inputs"]))


def test_a_student_that_is_a_layer_of_a_network_is_of_todays_class(tmp_path):
    """Its class has another name, by which Keras had named its weights."""
    model = keras.saving.load_model(WRITTEN / "student.keras")
    kept = np.load(WRITTEN / "student.npz")
    inputs = [kept["inputs"], kept["kernel"]]
    np.testing.assert_allclose(model(inputs), kept["outputs"], rtol=1e-4, atol=1e-5)
    student = model.layers[-1]
    assert type(student) is sc.LocallyConnectedStudent
    sc.export(student, tmp_path)
    model.save(tmp_path / "again.keras")
    again = keras.saving.load_model(tmp_path / "again.keras")
    np.testing.assert_array_equal(again(inputs), model(inputs))
    assert type(again.layers[-1]) is sc.LocallyConnectedStudent


@pytest.mark.parametrize("name", ARTIFACTS)
def test_an_artifact_gives_the_outputs_that_it_gave(name):
    student = sc.load(WRITTEN / "exported" / name)
    kept = np.load(WRITTEN / f"{name}.npz")
    outputs = student.call_pairs(kept["image"], kept["kernel"])
    np.testing.assert_allclose(outputs, kept["outputs"], rtol=1e-4, atol=1e-5)


def test_a_mixer_is_refused_in_a_line():
    message = "`student` mixer was removed"
    with pytest.raises(sc.ArtifactError, match=message) as refused:
        sc.load(WRITTEN / "exported" / REMOVED)
    assert "\n" not in str(refused.value)
    layer = {"module": "symclone_tf.students.mixer", "class_name": "MixerStudent"}
    with pytest.raises(ValueError, match=message):
        keras.saving.deserialize_keras_object(
            {**layer, "registered_name": "symclone_tf>MixerStudent", "config": {}}
        )


def test_artifacts_are_listed_and_written_again_by_todays_names(tmp_path):
    with pytest.warns(sc.ArtifactWarning, match="Left out: .*mixer was removed"):
        listed = sc.artifacts.list_artifacts(WRITTEN / "exported")
    assert [artifact.name for artifact in listed] == ARTIFACTS
    path = sc.export(sc.load(WRITTEN / "exported" / "t1-6-k3-causal-local"), tmp_path)
    assert sc.artifacts.find(path).record["teacher"]["name"] == "translations"
    assert sc.load(path).teacher == sc.teachers.TranslationConvTeacher(6, 3, "causal")


def test_a_table_is_read_and_goes_on_with_todays_columns(tmp_path):
    file = shutil.copy(WRITTEN / "c4.csv", tmp_path / "c4.csv")
    rows = sc.experiments.read_benchmark(file)
    found = [(row.experiment.anchor, row.experiment.trainable_part) for row in rows]
    assert found == [("decoupled-l2-sp", "encoder"), ("kl", "all")]
    sc.experiments.tables.append_row(file, rows[0])
    header = file.read_text().partition("\n")[0].split(",")
    assert "trainable_part" in header
    assert not {"moves", "max_shift"} & set(header)
    assert len(sc.experiments.read_benchmark(file)) == 3

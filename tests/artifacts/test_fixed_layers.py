import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import symclone_tf as sc
from symclone_tf.artifacts.fixed_layers import MODEL, RECORD, export_layer, read_array

from clones import solved
from regional_layers import layer_of, trained

# A process that has never heard of this package.
ALONE = """
import sys
import keras
import numpy as np
layer = keras.saving.load_model(sys.argv[1])
np.save(sys.argv[3], layer(np.load(sys.argv[2])))
assert "symclone_tf" not in sys.modules
"""


def make(rng, student, filters=1, activation="relu", **options):
    kernel = rng.normal(size=(3, 3, 1, filters))
    bias = rng.normal(size=filters)
    return sc.ClonedConv2D.from_kernel(
        kernel, student, bias, activation=activation, **options
    )


@pytest.mark.parametrize("filters", [1, 6])
@pytest.mark.slow
def test_the_artifact_needs_neither_this_package_nor_keras(
    rng, small_clone, tmp_path, filters
):
    layer = make(rng, small_clone[0], filters)
    path = export_layer(layer, tmp_path)
    assert path.parts[-2:] == (f"c4-lifting-8x8-k3-c1-f{filters}", "1")
    images = rng.normal(size=(7, 8, 8, 1)).astype("float32")
    expected = np.asarray(layer(images))

    signature = tf.saved_model.load(str(path)).signatures["serving_default"]
    (_, inputs), outputs = (
        signature.structured_input_signature,
        signature.structured_outputs,
    )
    assert inputs["image"].shape.as_list() == [None, 8, 8, 1]
    assert outputs["features"].shape.as_list() == [None, 6, 6, 4, filters]
    served = signature(image=tf.constant(images))["features"]
    np.testing.assert_allclose(served, expected, atol=1e-5)

    np.save(tmp_path / "images.npy", images)
    files = [path / MODEL, tmp_path / "images.npy", tmp_path / "outputs.npy"]
    subprocess.run([sys.executable, "-c", ALONE, *map(str, files)], check=True)
    np.testing.assert_allclose(np.load(files[2]), expected, atol=1e-5)


def test_the_record_has_the_form_and_its_costs(rng, small_clone, tmp_path):
    layer = make(rng, small_clone[0], 6)
    record = json.loads((export_layer(layer, tmp_path) / RECORD).read_text())
    assert record["form"] == "convolution"
    assert record["student"] == "c4-lifting-8x8-k3"
    assert (record["channels"], record["filters"]) == (1, 6)
    assert record["costs"]["dense"]["operations"] > 0


def test_fused_layer_is_exported_as_it_is(rng, small_clone, tmp_path):
    fused = sc.fuse(make(rng, small_clone[0]))
    path = export_layer(fused, tmp_path, "mine")
    assert path.parts[-2:] == ("mine", "1")
    assert export_layer(fused, tmp_path, "mine").name == "2"
    assert json.loads((path / RECORD).read_text())["form"] == fused.form


@pytest.mark.slow
@pytest.mark.parametrize(("filters", "form"), [(1, "dense"), (6, "factored")])
def test_weights_are_written_once(rng, tmp_path, filters, form):
    student, _ = sc.clone("c4", image_size=14, solver="closed-form", verbose=0)
    fused = sc.fuse(make(rng, student, filters, compute="blocks"))
    assert fused.form == form
    path = export_layer(fused, tmp_path)
    files = [path / "saved_model.pb", *(path / "variables").iterdir()]
    assert sum(file.stat().st_size for file in files) < 1.1 * fused.cost.bytes


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "a b", "é", "x" * 201])
def test_names_that_are_not_a_folder_are_refused(rng, small_clone, tmp_path, name):
    with pytest.raises(ValueError, match="`name` must start with a letter"):
        export_layer(make(rng, small_clone[0]), tmp_path, name)
    assert list(tmp_path.iterdir()) == []


class TestReadArray:
    def test_reads_what_numpy_saved(self, rng, tmp_path):
        array = rng.normal(size=(3, 3, 1, 2))
        np.save(tmp_path / "a.npy", array)
        np.testing.assert_array_equal(read_array(tmp_path / "a.npy"), array)

    def test_refuses_objects_without_unpickling_them(self, tmp_path):
        class Evil:
            def __reduce__(self):
                return (tmp_path.joinpath("executed").touch, ())

        np.save(tmp_path / "a.npy", np.array([Evil()], object), allow_pickle=True)
        with pytest.raises(sc.ArtifactError, match="cannot be read as an array"):
            read_array(tmp_path / "a.npy")
        assert not (tmp_path / "executed").exists()

    def test_refuses_archives_of_several(self, tmp_path):
        np.savez(tmp_path / "a.npz", a=np.ones(2))
        with pytest.raises(sc.ArtifactError, match="must be one array"):
            read_array(tmp_path / "a.npz")

    @pytest.mark.parametrize("content", [b"", b"text", b"\x93NUMPY\x01\x00"])
    def test_refuses_other_files(self, tmp_path, content):
        (tmp_path / "a.npy").write_bytes(content)
        with pytest.raises(sc.ArtifactError, match="cannot be read as an array"):
            read_array(tmp_path / "a.npy")

    def test_header_that_promises_more_than_there_is_allocates_nothing(self, tmp_path):
        file = tmp_path / "a.npy"
        np.save(file, np.ones((3, 3)))
        huge = file.read_bytes().replace(
            b"(3, 3), }" + b" " * 20, b"(33333333333333, 3), }" + b" " * 7
        )
        file.write_bytes(huge)
        with pytest.raises(sc.ArtifactError, match="cannot be read as an array"):
            read_array(file)


def test_a_layer_of_regions_is_exported_as_one_of_keras(rng, tmp_path):
    layer = layer_of(trained(sc.ConvTeacher("c4", 9), rng), rng, activation="relu")
    path = export_layer(layer, tmp_path)
    assert path.parts[-2:] == ("c4-lifting-9x9-k3-regional-r2x2-c4-f8", "1")
    record = json.loads((path / RECORD).read_text())
    assert record["form"] == "regions"
    costs = record["costs"]["regions"]
    assert costs["bytes"] == 4 * 4 * (9 * 4 * 32 + 32)
    images = rng.normal(size=(3, 9, 9, 4)).astype("float32")
    served = tf.saved_model.load(str(path))
    np.testing.assert_allclose(
        served.serve(images)["features"], layer(images), atol=1e-5
    )
    again = keras.saving.load_model(path / MODEL)
    np.testing.assert_allclose(again(images), layer(images), atol=1e-5)


def test_a_layer_of_any_size_is_exported_for_one(rng, tmp_path):
    layer = layer_of(trained(sc.ConvTeacher("t2", 9), rng), rng, size=(None, None))
    with pytest.raises(ValueError, match="pass `image_size`"):
        export_layer(layer, tmp_path)
    path = export_layer(sc.fuse(layer, image_size=12), tmp_path)
    images = rng.normal(size=(2, 12, 12, 4)).astype("float32")
    served = tf.saved_model.load(str(path))
    outputs = served.serve(images)["features"]
    np.testing.assert_allclose(outputs, layer(images), atol=1e-5)


def test_a_convolution_of_any_size_is_exported_for_any(rng, tmp_path):
    student = solved("t2", image_size=9, student="regional")
    layer = layer_of(student, rng, symmetry="frozen", size=(None, None))
    served = tf.saved_model.load(str(export_layer(layer, tmp_path)))
    for size in (9, 14):
        images = rng.normal(size=(2, size, size, 4)).astype("float32")
        outputs = served.serve(images)["features"]
        np.testing.assert_allclose(outputs, layer(images), atol=1e-4)

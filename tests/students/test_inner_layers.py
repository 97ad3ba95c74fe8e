import h5py
import keras
import numpy as np
import pytest

import symclone_tf as sc
from symclone_tf.students.inner_layers import Dense, EinsumDense

from clones import dense, solved


@pytest.fixture
def student():
    student = dense("t2", image_size=5, hidden_units=(4,), seed=0)
    student.build()
    return student


@pytest.mark.parametrize("kind", [Dense, EinsumDense])
def test_layers_are_named_as_keras_own(kind):
    assert issubclass(kind, getattr(keras.layers, kind.__name__))


def test_weights_have_the_paths_of_keras_own_layers(student, tmp_path):
    """By which weights that were saved from students with these are loaded."""
    model = keras.Sequential([sc.ClonedConv2D(1, student)])
    model.build((None, 5, 5, 1))
    model.save_weights(tmp_path / "model.weights.h5")
    paths = []
    with h5py.File(tmp_path / "model.weights.h5") as file:
        file.visit(paths.append)
    (root,) = {path.partition("/student")[0] for path in paths if "/student" in path}
    inner = f"{root}/student/block_layers"
    assert {f"{inner}/dense/vars/0", f"{inner}/einsum_dense/vars/0"} <= {*paths}
    assert f"{root}/student/encoder/vars/0" in paths


def test_layers_take_the_students_options():
    frozen = dense("t2", image_size=5, trainable=False, dtype="mixed_bfloat16")
    for layer in (frozen.encoder, *frozen.block_layers):
        assert not layer.trainable
        assert layer.dtype_policy == frozen.dtype_policy


def test_layers_are_not_quantized(student):
    for layer in (student.encoder, *student.block_layers):
        with pytest.raises(NotImplementedError, match="does not have a `quantize`"):
            layer.quantize("int8")


@pytest.mark.parametrize("part", ["encoder", "blocks"])
def test_student_is_measured_again_after_a_layer_was_loaded(part):
    student = solved("t2", image_size=5)
    student.trainable = False
    assert student.translation_equivariance().is_convolution
    layer = {"encoder": student.encoder, "blocks": student.block_layers[0]}[part]
    (weight,) = layer.weights
    layer.load_own_variables({"0": np.cumsum(np.ones(weight.shape), axis=1)})
    found = student.translation_equivariance()
    assert found.is_convolution == (part == "encoder")

"""`.keras` files go from one backend to another, and training goes on there."""

import pathlib

import keras
import numpy as np
import pytest

import symclone_tf as sc

import networks_in_files
from clones import relative
from networks_in_files import KINDS, fit, outputs
from other_backends import OTHERS, installed, run_on

SCRIPT = pathlib.Path(networks_in_files.__file__)
EXPORTED = pathlib.Path(__file__).parents[2] / "exported"


@pytest.fixture(scope="module", params=OTHERS)
def written(request, tmp_path_factory):
    """A folder of networks that another backend has trained and written."""
    if not installed(request.param):
        pytest.skip(f"{request.param} is not installed")
    folder = tmp_path_factory.mktemp(request.param)
    run_on(request.param, SCRIPT.read_text("utf-8"), folder)
    return folder


@pytest.mark.parametrize("name", ["clones", "teachers", "relaxed"])
def test_outputs_are_the_same(written, name):
    model = keras.saving.load_model(written / f"{name}.keras", compile=False)
    found = outputs(model)
    with np.load(written / f"{name}.npz") as expected:
        assert set(found) == set(expected)
        for kind, each in expected.items():
            assert relative(found[kind], each) < 1e-5, kind


def test_training_goes_on(written):
    """As the networks were compiled, with the state of their optimizer."""
    model = sc.artifacts.load_network(written / "clones.keras")
    assert model.compiled
    assert int(model.optimizer.iterations) == 2
    losses = fit(model, epochs=4)
    assert set(losses) == set(KINDS)
    for kind, loss in losses.items():
        assert loss[-1] < loss[0], kind


@pytest.mark.parametrize(
    "artifact", ["t2-8x8-k3", "c4-lifting-8x8-k3", "c4-group-7x7-k3"]
)
def test_artifacts_that_tensorflow_wrote_agree_with_their_teachers(artifact):
    student = sc.load(EXPORTED / artifact)
    assert sc.nmse(student) < 1e-10
    assert sc.cloning.student_equivariance_error(student) < 1e-5

import json

import pytest

from symclone_tf.artifacts import METRICS
from symclone_tf.errors import ArtifactError
from symclone_tf.experiments.classifying import train_and_export
from symclone_tf.experiments.experiment import Experiment


@pytest.mark.usefixtures("mnist")
def test_training_ends_in_an_artifact(tmp_path):
    experiment = Experiment("mlp", train_size=64, test_size=32, epochs=1)
    metrics, path = train_and_export(experiment, tmp_path / "out", verbose=0)
    assert path == tmp_path / "out" / "c4-invariance-mlp" / "1"
    assert json.loads((path / METRICS).read_text()) == metrics
    assert 0 <= metrics["accuracy"] <= 1


def test_output_is_checked_before_anything_is_trained(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ArtifactError, match="`output` must be a folder"):
        train_and_export(Experiment("mlp"), tmp_path / "file")

import json

import keras
import pytest

from symclone_tf.experiments.run_records import (
    deviations_record,
    errors_record,
    parameters,
)
from symclone_tf.layers import ClonedConv2D
from symclone_tf.students import make_student
from symclone_tf.teachers import ConvTeacher


@pytest.fixture
def model():
    student = make_student("dense", ConvTeacher("c2", 6), seed=0)
    layer = ClonedConv2D(2, student, "anchored", anchor="l2-sp", name="conv")
    return keras.Sequential([keras.Input((6, 6, 1)), layer])


def test_anchors_are_no_parameters(model):
    (layer,) = model.layers
    anchored = sum(weight.numpy().size for weight in layer.anchors)
    assert anchored > 0
    assert parameters(model) == model.count_params() - anchored


def test_errors_have_both_ends():
    found = errors_record({"a": 1.0, "network": None}, {"a": 2.0, "network": None})
    assert found["a"] == {"before": 1.0, "after": 2.0}
    assert found["network"] == {"before": None, "after": None}


def test_deviations_are_json(model):
    found = json.loads(json.dumps(deviations_record(model)))
    assert found["conv"]["norm"] == 0

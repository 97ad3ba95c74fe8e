"""What other programs make of ready-made networks that became invariant."""

import keras
import numpy as np
import pytest
from packaging.version import Version

from benchmarks import symmetric_exports

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        Version(keras.__version__) < Version("3.13"),
        reason="Keras exports to LiteRT since 3.13",
    ),
]


@pytest.fixture(autouse=True)
def programs():
    pytest.importorskip("onnxruntime")
    pytest.importorskip("ai_edge_litert.interpreter")


def test_all_files_compute_what_keras_does():
    row = symmetric_exports.measure("MobileNetV2", 96, "d4")
    assert all(row[title] < 1e-4 for title in symmetric_exports.FORMATS)
    text = symmetric_exports.report({"machine": {"cores": 2}, "rows": [row]})
    assert f"| MobileNetV2 | 96 | d4 | {row['.keras']:.1g} | " in text


def test_a_difference_is_seen(monkeypatch):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    inputs = np.ones((2, 3), "float32")
    expected = np.asarray(model(inputs))
    other = {"other": lambda *given: 1.5 * expected}
    monkeypatch.setattr(symmetric_exports, "FORMATS", other)
    found = symmetric_exports.differences(model, inputs)
    assert found == {"other": pytest.approx(0.5)}

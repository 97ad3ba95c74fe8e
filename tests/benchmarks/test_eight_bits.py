"""What quantization leaves of symmetric networks."""

import keras
import numpy as np
import pytest
from packaging.version import Version

import symclone_tf as sc
from benchmarks import eight_bits

from pages import doc, flowing, results

MAPS = "maps that are pooled last, C4"

pytestmark = pytest.mark.skipif(
    Version(keras.__version__) < Version("3.13"),
    reason="Keras exports to LiteRT since 3.13",
)


@pytest.fixture
def programs():
    pytest.importorskip("onnxruntime")
    pytest.importorskip("ai_edge_litert.interpreter")


@pytest.mark.usefixtures("programs")
@pytest.mark.slow
@pytest.mark.parametrize("name", eight_bits.NETWORKS)
def test_symmetry_stands_where_sums_are_of_whole_numbers(name):
    row = eight_bits.measure(name)
    assert row["LiteRT"]["change"] == row["LiteRT, older"]["change"] == 0
    assert row["LiteRT, weights"]["change"] < 0.01
    # What is pooled may be rounded, where sums were of floats, either way.
    limit = 0.05 if name == MAPS else 1e-6
    assert row["ONNX Runtime, `reduce_range`"]["change"] < limit
    # Something was quantized, but for weights of less than 1,024 numbers.
    titles = eight_bits.QUANTIZED.keys() - ({"LiteRT, weights"} if name == MAPS else ())
    assert all(row[title]["difference"] > 1e-3 for title in titles)
    text = eight_bits.report({"machine": {"cores": 2}, "rows": [row]})
    assert f"| {name} | " in text


@pytest.mark.usefixtures("programs")
def test_clones_whose_regions_differ_are_quantized_once_they_are_fused(monkeypatch):
    def trained():
        model = eight_bits.clones("regional", "trainable")
        for layer in model.layers:
            if student := getattr(layer, "student", None):
                weights = student.region_weights
                factors = keras.random.uniform(weights.shape, 0.9, 1.1, seed=0)
                weights.assign(weights * factors)
        fused = sc.fuse_network(model)
        assert {layer.form for layer in fused.layers.values()} == {"regions"}
        return fused.model

    monkeypatch.setitem(eight_bits.NETWORKS, "trained", (trained, eight_bits.turned))
    titles = ("LiteRT, weights", "LiteRT", "LiteRT, older")
    some = {title: eight_bits.QUANTIZED[title] for title in titles}
    monkeypatch.setattr(eight_bits, "QUANTIZED", some)
    row = eight_bits.measure("trained")
    assert all(1e-3 < row[title]["difference"] < 0.05 for title in titles)


@pytest.mark.usefixtures("programs")
def test_a_broken_symmetry_is_seen(monkeypatch):
    def broken():
        keras.utils.set_random_seed(0)
        layers = [keras.layers.Conv2D(4, 3), keras.layers.GlobalAveragePooling2D()]
        return keras.Sequential([keras.Input((8, 8, 1)), *layers])

    monkeypatch.setitem(eight_bits.NETWORKS, "broken", (broken, eight_bits.turned))
    only = {"LiteRT": eight_bits.QUANTIZED["LiteRT"]}
    monkeypatch.setattr(eight_bits, "QUANTIZED", only)
    row = eight_bits.measure("broken")
    assert row["LiteRT"]["change"] > 0.01
    assert 1e-4 < row["LiteRT"]["difference"] < 0.1


def test_images_are_transformed_by_the_whole_group(rng):
    image = rng.normal(size=(1, 2, 2, 1))
    assert len({each.tobytes() for each in eight_bits.turned(image)}) == 4
    for once, twice in zip(
        eight_bits.mirrored(image), reversed(eight_bits.mirrored(image)), strict=True
    ):
        np.testing.assert_array_equal(once, twice[:, :, ::-1])


def test_the_page_says_what_was_measured():
    rows = {row["network"]: row for row in results("eight_bits")["rows"]}
    assert rows.keys() == eight_bits.NETWORKS.keys()
    text = flowing(doc("how-to/export"))
    assert all(row["LiteRT"]["change"] == 0 for row in rows.values())
    maps = rows[MAPS]
    assert f"differ by {maps['LiteRT']['difference']:.0%}, by the older one" in text
    assert f"the older one {maps['LiteRT, older']['difference']:.1%};" in text
    assert f"of maps {maps['ONNX Runtime, `reduce_range`']['change']:.1g}." in text
    own = [
        row for name, row in rows.items() if name != MAPS and "MobileNet" not in name
    ]
    others = [row for name, row in rows.items() if "MobileNet" in name]
    assert "differs by 30% and more" in text
    assert round(min(row["LiteRT"]["difference"] for row in others), 1) == 0.3
    assert "differ by 2% from Keras" in text
    for title in ("LiteRT", "LiteRT, older"):
        assert {f"{row[title]['difference']:.0%}" for row in own} == {"2%"}
    largest = {
        title: max(row[title]["change"] for row in own)
        for title in eight_bits.QUANTIZED
    }
    assert f"by up to {largest['LiteRT, weights']:.1g}." in text
    assert f"by up to {largest['ONNX Runtime']:.1g}." in text
    assert largest["ONNX Runtime, `reduce_range`"] == 0

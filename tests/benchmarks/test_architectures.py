"""Architectures are relaxed one by one, and their rows are kept."""

import sys

import pytest

from benchmarks import architectures


@pytest.fixture
def row():
    return {
        "network": "U-Net, upsampling",
        "size": "96",
        "relaxed": "14",
        "left": "2",
        "reasons": "1 at several sizes; 1 the network does not call it",
        "layer_difference": "4e-07",
        "difference": "8e-06",
        "rounding": "4e-06",
        "weights_before": "1000000",
        "weights": "25000000",
        "seconds": "12.3",
        "memory": "1000000000",
        "machine": "a machine",
    }


@pytest.mark.slow
@pytest.mark.parametrize("transposed", [False, True])
def test_a_unet_is_relaxed_whole(transposed):
    name = "U-Net, transposed" if transposed else "U-Net, upsampling"
    found = architectures.row(name, 32)
    assert found["relaxed"] == 14 + 3 * transposed
    assert found["left"] == 0
    assert float(found["difference"]) < 1e-4
    assert float(found["layer_difference"]) < 1e-5
    assert found["weights"] > found["weights_before"] > 0


def test_rows_are_added_and_read(row, tmp_path):
    file = tmp_path / "rows" / "architectures.csv"
    assert architectures.read(file) == []
    architectures.write(file, row)
    architectures.write(file, {**row, "network": "another"})
    assert [one["network"] for one in architectures.read(file)] == [
        "U-Net, upsampling",
        "another",
    ]
    text = architectures.page(architectures.read(file))
    assert text.count("\n| ") == 3
    assert (
        "| 1 at several sizes; 1 the network does not call it | 4e-07 | 8e-06 | 4e-06 |"
        in text
    )
    assert "| 1 → 25 | 12 |" in text


def test_networks_with_a_row_are_not_measured_again(row, tmp_path, monkeypatch):
    measured = []
    wanted = {"U-Net, upsampling": 96, "U-Net, transposed": 96}
    monkeypatch.setattr(architectures, "unets", lambda: wanted)
    monkeypatch.setattr(architectures, "hub", dict)
    monkeypatch.setattr(architectures, "applications", dict)
    monkeypatch.setattr(
        architectures,
        "measured",
        lambda network, size: measured.append(network) or {**row, "network": network},
    )
    monkeypatch.setattr(sys, "argv", ["architectures", "--output", str(tmp_path)])
    architectures.write(tmp_path / "architectures.csv", row)
    for _ in range(2):
        architectures.main()
    assert measured == ["U-Net, transposed"]
    assert (tmp_path / "architectures.md").read_text("utf-8").count("U-Net") == 2


def test_all_networks_of_keras_applications_are_listed():
    found = architectures.applications()
    assert len(found) >= 38
    assert "keras.applications ConvNeXtXLarge" in found

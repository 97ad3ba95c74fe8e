"""Transformers whose attention begins as a convolution: what is trained, reported."""

import numpy as np
import pytest

import symclone_tf as sc
from benchmarks import attention, attention_heads, attention_speed, csv_rows


def row_of(network, seed, accuracy):
    row = {"data": "cells", "count": 900, "network": network, "seed": seed}
    row |= {"weights": 1000, "epochs": 15, "seconds_per_epoch": 2.0, "share": 0.25}
    return row | {"accuracy": accuracy}


def test_rows_are_reported_by_network(tmp_path):
    file = tmp_path / "rows.csv"
    cloned = attention.NETWORKS[1]
    for row in [row_of(cloned, 0, 0.5), row_of(cloned, 1, 0.7), row_of("CNN", 0, 0.25)]:
        csv_rows.append(file, row, attention.FIELDS)
    found = attention.report(attention.read_rows(file), {"processor": "some"})
    assert "## cells, 900 images, 15 epochs" in found
    assert f"| {cloned} | 2 | 1,000 | 2.0 | 0.25 | 60.0 ± 14.1% |" in found
    assert "| CNN | 1 | 1,000 | 2.0 | – | 25.0% |" in found


def test_patches_fill_images():
    assert attention.padded(np.ones((2, 30, 29))).shape == (2, 32, 32, 1)
    assert attention.padded(np.ones((2, 32, 32, 3))).shape == (2, 32, 32, 3)


@pytest.mark.slow
def test_networks_have_as_many_weights_and_their_attention():
    counts = {}
    for network in (*attention.NETWORKS[:-1], *attention.OF_CELLS):
        model = attention.transformer(network, (32, 32, 3), 10, ("horizontal",))
        counts[network] = model.count_params()
        clones = [a for a in model.layers if isinstance(a, sc.layers.ClonedAttention)]
        assert len(clones) == (4 if "cloned" in network else 0)
    plain, *_ = counts.values()
    cnn = attention.cnn((32, 32, 3), 10, ()).count_params()
    assert cnn == pytest.approx(plain, rel=0.05)
    assert counts[attention.NETWORKS[1]] == pytest.approx(plain, rel=0.05)


@pytest.mark.slow
def test_gates_begin_with_most_of_the_attention_by_position(rng):
    layer = attention.attention_of("ViT, ConViT's gates", 3)
    tokens = rng.normal(size=(2, 9, 4)).astype("float32")
    _, found = layer(tokens, tokens, return_attention_scores=True)
    np.testing.assert_allclose(np.sum(found, axis=-1), 1, rtol=1e-5)
    # The first head looks one row up and one column left of the middle.
    assert np.argmax(found[0, 0, 4]) == 0


@pytest.mark.slow
def test_heads_are_drawn_before_and_after_training(rng, monkeypatch):
    images, labels = rng.normal(size=(20, 16, 16, 3)), np.arange(20) % 4
    toys = (images[:16], labels[:16]), (images[16:], labels[16:])
    monkeypatch.setitem(attention.DATA, "toys", (lambda: toys, ("horizontal",)))
    figure, row = attention_heads.drawn("toys", 16, 2)
    grid = np.reshape(figure.axes, (1 + attention.BLOCKS, attention.HEADS))
    rows = ["before", "block 1", "block 2", "block 3", "block 4"]
    assert [axes.get_ylabel() for axes in grid[:, 0]] == rows
    assert {axes.get_title() for axes in grid[0]} == {"0.00"}
    before, after = (np.array(grid[i, 4].images[0].get_array()) for i in (0, 1))
    assert np.argmax(before) == 12  # the middle of 5×5
    assert np.abs(after - before).max() > 1e-4
    assert (row["network"], row["epochs"]) == (attention_heads.NETWORK, 2)


@pytest.mark.slow
def test_layers_are_timed_by_turns():
    row = attention_speed.measure(4, 1, turns=attention_speed.SKIPPED + 2)
    found = attention_speed.report({"machine": {"processor": "some"}, "rows": [row]})
    ratio = row["cloned_step"] / row["multihead_step"]
    assert f"| {ratio:.2f} |" in found
    assert "| 4×4 | 1 | forward |" in found

"""The example beyond images: its data, its networks, and the report of its table."""

import numpy as np
import pytest

import symclone_tf as sc
from benchmarks import groups, ring
from symclone_tf.symmetry import cyclic, symmetric

pytestmark = pytest.mark.slow


def test_all_positions_but_the_defect_follow_one_law(rng):
    before, gained = (a[..., 0] for a in ring.signals(rng, 50))
    for position in range(ring.POSITIONS):
        beside = [(position + by) % ring.POSITIONS for by in (-1, 1)]
        flows = [np.tanh(2 * (before[:, b] - before[:, position])) for b in beside]
        kept = [
            flow for flow, b in zip(flows, beside) if ring.DEFECT not in (b, position)
        ]
        np.testing.assert_allclose(
            gained[:, position], sum(kept, np.zeros(50)), atol=1e-6
        )
    # No heat is lost on the way.
    np.testing.assert_allclose(gained.sum(axis=1), 0, atol=1e-5)


def test_turned_rings_go_on_alike_apart_from_the_defect(rng):
    before, gained = ring.signals(rng, 5)
    rotated, expected = np.roll(before, 1, axis=1), np.roll(gained, 1, axis=1)
    flow = np.tanh(2 * (np.roll(rotated, -1, axis=1) - rotated))
    again = flow - np.roll(flow, 1, axis=1)
    far = np.ones(ring.POSITIONS, bool)
    far[ring.DEFECT : ring.DEFECT + 3] = False
    np.testing.assert_allclose(again[:, far], expected[:, far], atol=1e-6)


@pytest.mark.parametrize("network", ring.NETWORKS)
def test_networks_keep_the_symmetry_unless_they_learn_otherwise(rng, network):
    model = ring.make(network)
    inputs, _ = ring.signals(rng, 16)
    error = sc.equivariance_error(model, cyclic(ring.POSITIONS), inputs)
    assert (error > 0.1) == (network == ring.MLP)
    assert model.output_shape == (None, ring.POSITIONS, 1)


@pytest.mark.slow
def test_what_was_measured_is_written_read_and_drawn(tmp_path, capsys):
    networks = (ring.EXACT, "last clone anchored, proximal 0.5")
    rows = [ring.run(name, seed, 32, 1) for name in networks for seed in (0, 1)]
    ring.write(rows, tmp_path / "ring.csv")
    again = ring.read(tmp_path / "ring.csv")
    assert [row["network"] for row in again] == [row["network"] for row in rows]
    for row, kept in zip(rows, again):
        assert kept["near"] == pytest.approx(row["near"])
        whole = 3 * row["near"] + (ring.POSITIONS - 3) * row["elsewhere"]
        assert kept["errors"].sum() == pytest.approx(whole, rel=0.01)
    assert again[0]["weights"] == 24 * 32 * 2 + 32 + 1
    assert again[2]["weights"] == again[0]["weights"] + 2 * (24**3 + 24**2)
    assert [len(row["moved"]) for row in again] == [0, 0, 24, 24]
    assert again[0]["equivariance_error"] < 1e-5
    text = (tmp_path / "ring.md").read_text()
    assert f"| exact layers | 1,569 | {ring.cells(again[:2])[1]} |" in text
    assert (tmp_path / "ring.svg").is_file()
    left, right = ring.draw(again).axes
    assert [len(axes.get_lines()) for axes in (left, right)] == [3, 2]
    np.testing.assert_allclose(
        left.get_lines()[0].get_ydata(),
        np.mean([row["errors"] for row in again[:2]], axis=0),
    )


def test_groups_are_measured_as_they_are():
    rows = groups.collect({"symmetric(7)": (symmetric(7), None)})
    assert rows[0]["entries"] == 2
    assert rows[0]["nmse"] < 1e-11
    assert 0 < rows[0]["seconds"] < 1
    text = groups.report({"machine": {"cores": 2}, "rows": rows})
    assert "| `symmetric(7)` | 7 | 2 | 2 | < 0.01 | " in text
    row = groups.measure(cyclic(240))
    assert (row["entries"], row["nmse"], row["equivariance_error"]) == (240, None, None)
    assert groups.cells({"call": "cyclic(240)", **row})[-2:] == ["–", "–"]


def test_calls_name_the_groups():
    names = {name: getattr(sc.symmetry, name) for name in sc.symmetry.__all__}
    for call, (group, group_out) in groups.cases().items():
        made = eval(call, names)
        assert made == (group if group_out is None else (group, group_out))

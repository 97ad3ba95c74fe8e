"""What is said of groups of permutations is what was measured."""

import statistics

import pytest

from benchmarks import groups, ring

from pages import RESULTS, doc, flowing, results, table

PAGE = doc("any-group")


def test_the_page_has_all_groups_as_measured():
    rows = results("groups")["rows"]
    assert [row["call"] for row in rows] == list(groups.cases())
    assert table(PAGE, "group") == [groups.cells(row) for row in rows]


def test_known_numbers_of_weights_are_found_in_a_second():
    found = {row["call"]: row for row in results("groups")["rows"]}
    for call, count in {
        "cyclic(1024)": 1024,
        "symmetric(1024)": 2,
        "dihedral(24)": 13,
        "icosahedron(12)": 4,
        "torus(6, 8)": 48,
    }.items():
        assert found[call]["entries"] == count
    assert max(row["seconds"] for row in found.values()) < 1
    cloned = [row for row in found.values() if row["nmse"] is not None]
    assert len(cloned) >= len(found) - 2
    assert max(row["nmse"] for row in cloned) < 1e-11
    assert max(row["equivariance_error"] for row in cloned) < 1e-5


@pytest.fixture(scope="module")
def kept():
    return ring.by_network(ring.read(RESULTS / "ring.csv"))


def test_the_page_has_all_networks_as_measured(kept):
    assert list(kept) == list(ring.NETWORKS)
    said = table(PAGE, "network")
    assert said == [[name, *ring.cells(rows)] for name, rows in kept.items()]
    assert all(len({row["seed"] for row in rows}) == 3 for rows in kept.values())


def test_clones_preserve_and_break_where_others_do_either(kept):
    """As the page says: elsewhere no worse than exact layers, at the defect better."""
    mean = {
        name: [statistics.mean(row[k] for row in rows) for k in ("elsewhere", "near")]
        for name, rows in kept.items()
    }
    exact, mlp = mean[ring.EXACT], mean[ring.MLP]
    free = mean["last clone trainable"]
    assert free[0] < exact[0] < mlp[0] / 5
    assert free[1] < mlp[1] / 5 < exact[1] / 5
    text = flowing(PAGE)
    assert f"{mlp[0]:.0%} of the targets' mean square elsewhere" in text
    assert f"{exact[1]:.0%} at the defect" in text
    anchored = mean["last clone anchored, proximal 0.5"]
    assert f"errs by {anchored[1]:.1%} at the defect" in text
    assert f"{free[0]:.1%} elsewhere and {free[1]:.1%} at the defect" in text


def test_the_proximal_anchor_deviates_at_the_defect(kept):
    for row in kept["last clone anchored, proximal 0.5"]:
        power = row["moved"] ** 2
        share = power[ring.NEAR].sum() / power.sum()
        assert share > 0.9
    shares = [
        (row["moved"][ring.NEAR] ** 2).sum() / (row["moved"] ** 2).sum()
        for row in kept["last clone anchored, proximal 0.5"]
    ]
    assert f"at least {min(shares):.1%} of its deviation" in flowing(PAGE)
